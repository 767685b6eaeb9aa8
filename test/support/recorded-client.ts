import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LinkState, MasterClient, MasterListener } from '../../cockpit/client/master-client.ts';
import { eventSchema } from '../../common/domain/event.ts';
import { figuresHistorySchema } from '../../common/domain/figures.ts';
import {
  type FleetFrame,
  type FleetScope,
  type FleetSnapshot,
  fleetSnapshotSchema,
} from '../../common/domain/fleet.ts';
import { type Release, releaseSchema } from '../../common/domain/release.ts';
import type { Role } from '../../common/domain/role.ts';
import { serviceSchema } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { planOf } from './plans.ts';

const recordingSchema = z.object({
  snapshot: fleetSnapshotSchema,
  services: z.array(serviceSchema.partial({ args: true, env: true, restart: true, graceMs: true })),
  releases: z.array(releaseSchema),
  events: z.array(eventSchema),
  histories: z.array(figuresHistorySchema),
});
export type Recording = z.infer<typeof recordingSchema>;

/** A fleet as a master sent it, out of test/fixtures/fleet, checked against the schemas. */
export function readRecording(name: string): Recording {
  const file = new URL(`../fixtures/fleet/${name}.json`, import.meta.url);
  return recordingSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
}

export interface Call {
  readonly name: string;
  readonly payload: unknown;
}

export interface Upload {
  readonly file: string;
  readonly version: string;
  readonly signal: AbortSignal | undefined;
  progress(sentBytes: number, totalBytes: number): void;
  done(release: Release): void;
  failed(error: SgridError): void;
}

/** A master's side of the client's interface that plays a recording, and what a test has it send. */
export interface RecordedClient extends MasterClient {
  readonly calls: readonly Call[];
  readonly scopes: readonly FleetScope[];
  readonly uploads: readonly Upload[];
  /** What the next calls of this name are answered with; an error is thrown. Without one, the recording answers. */
  answer(name: string, answer: (payload: never) => unknown): void;
  setLink(link: LinkState): void;
  sendSnapshot(snapshot: FleetSnapshot): void;
  sendFrame(frame: FleetFrame): void;
  send(tell: (listener: MasterListener) => void): void;
}

export const linkUp = (role: Role = 'operator', actor = 'alice'): LinkState => ({
  state: 'up',
  actor,
  role,
  masterVersion: '0.1.0',
  latencyMs: 3,
});

export function createRecordedClient(
  recording: Recording,
  start: { link?: LinkState; url?: string } = {},
): RecordedClient {
  const listeners = new Set<MasterListener>();
  const answers = new Map<string, (payload: never) => unknown>();
  const calls: Call[] = [];
  const scopes: FleetScope[] = [];
  const uploads: Upload[] = [];
  let link = start.link ?? linkUp();
  const send = (tell: (listener: MasterListener) => void): void => {
    for (const listener of listeners) tell(listener);
  };
  const recorded: Readonly<Record<string, (payload: { serviceId?: number }) => unknown>> = {
    'service.list': () => ({ services: recording.services }),
    'release.list': ({ serviceId }) => ({
      releases: recording.releases.filter(
        (release) => serviceId === undefined || release.serviceId === serviceId,
      ),
    }),
    'figures.history': () => ({ histories: recording.histories }),
    'rollout.list': () => ({ rollouts: [] }),
    'rollout.plan': (request) => ({
      plan: planOf(request as never, recording.snapshot, recording.releases),
    }),
    'presence.tell': () => ({}),
    'presence.list': () => ({ selfId: 'self', sessions: [] }),
    'event.list': () => ({ events: recording.events }),
  };
  return {
    url: start.url ?? 'http://127.0.0.1:15872',
    calls,
    scopes,
    uploads,
    link: () => link,
    ready: () => Promise.resolve(),
    listen: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch: (scope) => {
      scopes.push(scope);
      if (link.state === 'up') send((listener) => listener.onSnapshot?.(recording.snapshot));
    },
    call: (async (name: string, payload: never) => {
      calls.push({ name, payload });
      if (link.state !== 'up') throw new SgridError('disconnected', 'not connected');
      const answer = answers.get(name) ?? recorded[name];
      if (answer === undefined) throw new SgridError('internal', `${name} is not recorded`);
      return answer(payload);
    }) as MasterClient['call'],
    upload: ({ file, version, onProgress, signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<Release>();
      signal?.addEventListener('abort', () => reject(new SgridError('cancelled', 'cancelled')));
      uploads.push({
        file,
        version,
        signal,
        progress: (sent, total) => onProgress?.(sent, total),
        done: resolve,
        failed: reject,
      });
      return promise;
    },
    close: () => listeners.clear(),
    answer: (name, answer) => answers.set(name, answer),
    setLink: (next) => {
      link = next;
      send((listener) => listener.onLink?.(next));
    },
    sendSnapshot: (snapshot) => send((listener) => listener.onSnapshot?.(snapshot)),
    sendFrame: (frame) => send((listener) => listener.onFrame?.(frame)),
    send,
  };
}
