import type { ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import type { InstanceStatus } from '../../common/domain/instance.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { LocalHandler } from './local-server.ts';
import { countStates } from './local-server.ts';
import { sendError, sendText } from './respond.ts';

/** What is asked at each scrape. */
export interface AgentFigures {
  version: string;
  nodeId: number;
  link: string;
  cgroupDriver: string;
  statuses: readonly InstanceStatus[];
  /** Events that the master has not taken yet. */
  queuedEvents: number;
}

/**
 * `GET /metrics` of the agent, in the text format of Prometheus: the agent itself and its instances' states. Figures of
 * instances are the master's to tell, once for the whole fleet.
 */
export function metricsHandler(look: () => AgentFigures): LocalHandler {
  let loading: Promise<(figures: AgentFigures) => Promise<[type: string, text: string]>> | null = null;
  return ({ pathname }, _request, response) => {
    if (pathname !== '/metrics') return false;
    // Loaded with the first scrape: most agents are never asked, and it is memory on every machine.
    loading ??= load();
    void answer(loading, look, response);
    return true;
  };
}

async function answer(
  loading: Promise<(figures: AgentFigures) => Promise<[type: string, text: string]>>,
  look: () => AgentFigures,
  response: ServerResponse,
): Promise<void> {
  try {
    const [type, text] = await (await loading)(look());
    sendText(response, 200, text, { 'content-type': type });
  } catch (error) {
    sendError(response, toWireError(error));
  }
}

async function load(): Promise<(figures: AgentFigures) => Promise<[type: string, text: string]>> {
  // By its default: bundled, a CommonJS module that is imported when it is needed has no named exports.
  const { Gauge, Registry, collectDefaultMetrics } = (await import('prom-client')).default;
  const own: Registry = new Registry();
  collectDefaultMetrics({ register: own, prefix: 'sgridnode_' });
  const registers = [own];
  const info = new Gauge({
    name: 'sgridnode_build_info',
    help: 'Version, node and cgroup driver of the agent.',
    labelNames: ['version', 'node', 'cgroup_driver'],
    registers,
  });
  const up = new Gauge({
    name: 'sgridnode_link_up',
    help: '1 while the link to the master is up.',
    registers,
  });
  const queued = new Gauge({
    name: 'sgridnode_events_queued',
    help: 'Events that the master has not taken yet.',
    registers,
  });
  const instances = new Gauge({
    name: 'sgridnode_instances',
    help: 'Instances by observed state.',
    labelNames: ['state'],
    registers,
  });
  return async ({ version, nodeId, link, cgroupDriver, statuses, queuedEvents }) => {
    info.set({ version, node: String(nodeId), cgroup_driver: cgroupDriver }, 1);
    up.set(link === 'up' ? 1 : 0);
    queued.set(queuedEvents);
    instances.reset();
    for (const [state, count] of Object.entries(countStates(statuses))) instances.set({ state }, count);
    return [own.contentType, await own.metrics()];
  };
}
