import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { SgridEvent } from '../../common/domain/event.ts';
import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import { rolloutSchema } from '../../common/domain/rollout.ts';
import { fleetMetrics } from './fleet-metrics.ts';

/** What Prometheus reads of a master. */
export interface Metrics {
  /** For each event that was kept, the agents' too. */
  countEvents(events: readonly Pick<SgridEvent, 'kind' | 'result'>[]): void;
  /** For each request to an agent, when it has been answered or not. */
  countRelayed(message: string, result: 'ok' | 'failed', seconds: number): void;
  contentType: string;
  /** All of it, in the text format of Prometheus, in pieces, with a turn for everything else between them. */
  render(): AsyncIterable<string>;
}

/** @param look what there is, asked at each scrape. */
export function createMetrics(
  version: string,
  look: () => {
    fleet: FleetSnapshot;
    pendingCalls: number;
    cockpits: number;
    rollouts: readonly { state: string }[];
  },
): Metrics {
  const own = new Registry();
  collectDefaultMetrics({ register: own, prefix: 'sgridnext_' });
  const registers = [own];
  new Gauge({
    name: 'sgrid_build_info',
    help: 'Version of the master.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const events = new Counter({
    name: 'sgrid_events_total',
    help: 'Events since the master started, by kind and result; commands of people are of kind "command".',
    labelNames: ['kind', 'result'],
    registers,
  });
  const relayed = new Counter({
    name: 'sgrid_relay_requests_total',
    help: 'Requests to agents since the master started.',
    labelNames: ['message', 'result'],
    registers,
  });
  const relaySeconds = new Counter({
    name: 'sgrid_relay_request_seconds_total',
    help: 'Time that requests to agents took, long polls included.',
    labelNames: ['message'],
    registers,
  });
  const pending = new Gauge({
    name: 'sgrid_relay_pending_requests',
    help: 'Requests to agents that wait for their answer.',
    registers,
  });
  const cockpits = new Gauge({ name: 'sgrid_cockpits', help: 'Connected cockpits and commands.', registers });
  const rollouts = new Gauge({
    name: 'sgrid_rollouts',
    help: 'Rollouts that have not ended, by state.',
    labelNames: ['state'],
    registers,
  });

  return {
    contentType: own.contentType,
    countEvents(added) {
      for (const { kind, result } of added) events.inc({ kind, result });
    },
    countRelayed(message, result, seconds) {
      relayed.inc({ message, result });
      relaySeconds.inc({ message }, seconds);
    },
    async *render() {
      const seen = look();
      pending.set(seen.pendingCalls);
      cockpits.set(seen.cockpits);
      // A state without one is 0, not absent: an alert on it would never resolve.
      for (const state of rolloutSchema.shape.state.options) rollouts.set({ state }, 0);
      for (const { state } of seen.rollouts) rollouts.inc({ state });
      yield await own.metrics();
      for (const piece of fleetMetrics(seen.fleet)) {
        if (piece !== '') yield piece;
        await nextTurn();
      }
    },
  };
}
