import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentEvent } from '../../common/domain/event.ts';
import { NO_HEALTH } from '../../common/domain/health.ts';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import type { NodeInfo } from '../../common/domain/node.ts';
import { type AgentToMaster, agentLink, type MasterToAgent } from '../../common/protocol/agent-link.ts';
import { bindMessages, call } from '../../common/protocol/bind.ts';
import type { Payload } from '../../common/protocol/define.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { agentHelloSchema } from '../../common/protocol/handshake.ts';
import { type AgentLink, createAgentLink } from '../../node/agent.ts';
import { runEvent } from '../../node/supervisor/events.ts';
import { waitFor } from '../support/wait-for.ts';

/** A master's end of the link that can be told to misbehave: real Socket.IO on both sides. */
let io: Server;
let url: string;
let refusal: SgridError | null;
let takesStatuses: boolean;
let takesEvents: boolean;
let reports: Payload<AgentToMaster, 'node.report'>[];
let statuses: number[][];
let delivered: string[];
let sockets: Socket[];
let links: AgentLink[];
let queue: AgentEvent[];
let warnings: string[];

beforeEach(async () => {
  refusal = null;
  takesStatuses = true;
  takesEvents = true;
  reports = [];
  statuses = [];
  delivered = [];
  sockets = [];
  links = [];
  queue = [];
  warnings = [];
  const http = createServer();
  io = new Server(http, { transports: ['websocket'] });
  io.of(agentLink.namespace)
    .use((socket, next) => {
      agentHelloSchema.parse(socket.handshake.auth);
      next(refusal === null ? undefined : Object.assign(new Error('no'), { data: toWireError(refusal) }));
    })
    .on('connection', (socket) => {
      sockets.push(socket);
      bindMessages<AgentToMaster, null>(
        socket,
        agentLink.toMaster,
        {
          'node.report': (report) => {
            reports.push(report);
            return {};
          },
          'instance.status': ({ instances }) => {
            if (!takesStatuses) throw new SgridError('internal', 'not now');
            statuses.push(instances.map(({ instanceId }) => instanceId));
            return {};
          },
          'event.deliver': ({ events }) => {
            if (!takesEvents) throw new SgridError('internal', 'not now');
            delivered.push(...events.map(({ message }) => message));
            return {};
          },
          'config.fetch': () => ({ text: '', secrets: [] }),
          'node.snapshot': () => {},
          'release.progress': () => {},
        },
        { context: null },
      );
    });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const link of links) link.close();
  await io.close();
});

const status = (instanceId: number): InstanceStatus => ({
  instanceId,
  revision: 1,
  state: 'running',
  reason: '',
  stateSince: 1,
  pid: 1,
  startedAt: 1,
  adopted: false,
  release: null,
  restarts: 0,
  lastExit: null,
  nextStartAt: null,
  cgroup: '',
  health: NO_HEALTH,
});

let pollSignal: AbortSignal | null = null;
function open(): AgentLink {
  const warn = (_fields: object, message: string): void => void warnings.push(message);
  const options = {
    masterUrl: url,
    self: 'sgridnode 1 on node 1',
    hello: () => ({
      token: 't',
      protocolVersion: 1,
      version: '1',
      nodeId: 1,
      agentId: '00000000-0000-4000-8000-000000000000',
      machineId: '',
      runId: '00000000-0000-4000-8000-000000000001',
      alias: 'a',
      innerAddress: '127.0.0.1',
    }),
    handlers: {
      'node.ping': () => ({}),
      'node.ports': async () => ({ ports: [] }),
      'release.prepare': async () => ({ alreadyThere: true }),
      'instance.apply': async () => {
        throw new SgridError('start_failed', 'it would not', { hint: 'look' });
      },
      'assignment.list': async () => ({ assignments: [] }),
      'config.read': async () => ({ text: '' }),
      'instance.remove': async () => ({}),
      'instance.resolve': () => Promise.reject(new Error('not asked')),
      'log.read': (_request: unknown, { signal }: { signal: AbortSignal }) =>
        new Promise<never>((_, reject) => {
          pollSignal = signal;
          signal.addEventListener('abort', () => reject(new SgridError('cancelled', 'gone')));
        }),
      'log.search': () => Promise.reject(new Error('not asked for')),
      'log.runs': async () => ({ runs: [] }),
      'log.files': async () => ({ files: [] }),
      'registry.changed': () => {},
    },
    info: (): NodeInfo => ({
      hostname: 'h',
      os: 'o',
      kernel: 'k',
      arch: 'x64',
      cpuCount: 1,
      memoryBytes: 1,
      bootedAt: 1,
      agentVersion: '1',
      agentStartedAt: 1,
      cgroupDriver: 'none',
      cgroupWarning: '',
      runtimes: {},
    }),
    statuses: () => [status(1), status(2)],
    registryDigest: () => '0'.repeat(64),
    status,
    events: {
      append: (...events: AgentEvent[]) => void queue.push(...events),
      peek: (max: number) => queue.slice(0, max),
      remove: (ids: readonly string[]) => {
        queue = queue.filter(({ eventId }) => !ids.includes(eventId));
      },
      size: () => queue.length,
      close: () => {},
    },
    clock: Date.now,
    logger: { info: () => {}, warn, error: warn },
  };
  const link = createAgentLink(options);
  links.push(link);
  link.connect();
  return link;
}
const up = async (): Promise<AgentLink> => {
  const link = open();
  await waitFor('the link', () => link.state() === 'up');
  return link;
};
const event = (name: string): AgentEvent => runEvent(name, 'instance.exited', 1, 1, name);

test('reports all it has on every connection, and again after the master threw it out', async () => {
  const link = await up();
  expect(reports[0]?.instances.map(({ instanceId }) => instanceId)).toEqual([1, 2]);
  sockets[0]?.disconnect(true);
  await waitFor('the second report', () => reports.length === 2);
  await waitFor('the link', () => link.state() === 'up');
});

test('changes of status go together, and are repeated until they are taken', async () => {
  const link = await up();
  takesStatuses = false;
  for (const instanceId of [5, 6, 5]) link.statusChanged(instanceId);
  await waitFor('the refusal', () => warnings.includes('statuses were not taken'));
  takesStatuses = true;
  await waitFor('the statuses', () => statuses.length > 0);
  expect(statuses).toEqual([[5, 6]]);
});

test('events go in order, stay in the queue until they are taken, and are then gone', async () => {
  queue = [event('a'), event('b')];
  takesEvents = false;
  const link = await up();
  await waitFor('the refusal', () => warnings.includes('events were not taken; they are kept'));
  expect(queue).toHaveLength(2);
  queue.push(event('c'));
  takesEvents = true;
  link.eventsChanged();
  await waitFor('delivery', () => queue.length === 0);
  expect(delivered).toEqual(['a', 'b', 'c']);
});

test('a typed error reaches the master; a long poll ends with its connection', async () => {
  await up();
  const [socket] = sockets;
  if (socket === undefined) throw new Error('no connection');
  const apply = call<MasterToAgent, 'log.files'>(socket, agentLink.toClient, 'log.files', { instanceId: 1 });
  expect(await apply).toEqual({ files: [] });
  const bad = socket.timeout(5000).emitWithAck('instance.apply', { assignment: {} });
  expect(await bad).toMatchObject({ ok: false, error: { code: 'bad_request' } });
  void socket
    .timeout(20_000)
    .emitWithAck('log.read', { instanceId: 1, from: 'tail' })
    .catch(() => {});
  await waitFor('the poll', () => pollSignal);
  expect(pollSignal?.aborted).toBe(false);
  socket.disconnect(true);
  await waitFor('its end', () => pollSignal?.aborted);
});

test('a refusal is said with its reason, and nothing is sent', async () => {
  refusal = new SgridError('protocol_mismatch', 'other version');
  const link = open();
  await waitFor('the refusal', () => link.state() === 'refused');
  expect(warnings).toContain('the master refuses this agent; services go on');
  expect(reports).toEqual([]);
});
