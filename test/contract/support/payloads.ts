import { randomUUID } from 'node:crypto';
import type { AgentToMaster } from '../../../common/protocol/agent-link.ts';
import type { CockpitToMaster } from '../../../common/protocol/cockpit-link.ts';
import type { PayloadInput } from '../../../common/protocol/define.ts';
import { nodeFigures } from '../../support/figures.ts';

/** A payload that fits for every message that a cockpit can send: the compiler asks for one of each new message. */
export const COCKPIT_PAYLOADS: { [N in keyof CockpitToMaster]: PayloadInput<CockpitToMaster, N> } = {
  'session.hello': {},
  'fleet.watch': { scope: { kind: 'all' } },
  'fleet.unwatch': {},
  'figures.history': { instanceIds: [1] },
  'history.read': { nodeId: 1, from: 1, to: 2 },
  'presence.tell': { screen: 'nodes', about: [], doing: '' },
  'presence.list': {},
  'service.list': {},
  'service.create': { spec: { name: 'intruder', type: 'binary' } },
  'service.update': { spec: { name: 'web', type: 'node' } },
  'service.remove': { serviceName: 'web' },
  'node.replace': { nodeId: 1 },
  'node.cordon': { nodeId: 1, isCordoned: true },
  'node.update': { nodeId: 1, outerAddress: '203.0.113.9' },
  'node.drain': { nodeId: 1 },
  'node.adopt': { nodeId: 1 },
  'node.remove': { nodeId: 1 },
  'release.list': {},
  'release.remove': { releaseIds: [1] },
  'release.diff': { fromReleaseId: 1, toReleaseId: 1 },
  'instance.create': { serviceName: 'web', nodeId: 1, port: 9999 },
  'instance.start': { instanceIds: [1] },
  'instance.stop': { instanceIds: [1] },
  'instance.restart': { instanceIds: [1] },
  'instance.remove': { instanceIds: [1] },
  'instance.limit': { instanceIds: [1], limits: {} },
  'instance.resolve': { instanceIds: [1], how: 'ended' },
  'rollout.create': { releaseId: 1, instanceIds: [1] },
  'rollout.plan': { releaseId: 1, instanceIds: [1] },
  'rollout.pause': { rolloutId: 1 },
  'rollout.resume': { rolloutId: 1 },
  'rollout.abort': { rolloutId: 1 },
  'rollout.get': { rolloutId: 1 },
  'rollout.list': {},
  'registry.list': {},
  'log.read': { instanceId: 1, from: 'head' },
  'log.search': { instanceId: 1, from: 'head', pattern: 'x' },
  'log.runs': { instanceId: 1 },
  'log.files': { instanceId: 1 },
  'config.list': { serviceName: 'web' },
  'config.read': { serviceName: 'web', name: 'app.json' },
  'config.versions': { serviceName: 'web', name: 'app.json' },
  'config.set': { serviceName: 'web', name: 'app.json', text: '{}' },
  'config.remove': { serviceName: 'web', name: 'app.json' },
  'config.rollback': { serviceName: 'web', name: 'app.json', version: 1 },
  'config.publish': { serviceName: 'web' },
  'config.status': { serviceName: 'web' },
  'config.setSecret': { serviceName: 'web', name: 'password', value: 'x' },
  'config.removeSecret': { serviceName: 'web', name: 'password' },
  'config.rotateKey': {},
  'token.list': {},
  'token.create': { name: 'intruder', role: 'admin' },
  'token.rotate': { name: 'admin' },
  'token.revoke': { name: 'operator' },
  'event.list': {},
};

/** The same for agents. */
export const AGENT_PAYLOADS: { [N in keyof AgentToMaster]: PayloadInput<AgentToMaster, N> } = {
  'node.report': {
    at: 1,
    info: {
      hostname: 'h',
      os: 'o',
      kernel: 'k',
      arch: 'a',
      cpuCount: 1,
      memoryBytes: 1,
      bootedAt: 1,
      agentVersion: '1',
      agentStartedAt: 1,
      cgroupDriver: 'none',
      cgroupWarning: '',
      runtimes: {},
    },
    instances: [],
  },
  'instance.status': { instances: [] },
  'event.deliver': {
    events: [{ eventId: randomUUID(), at: 1, kind: 'instance.started', instanceId: null, message: 'm' }],
  },
  'config.fetch': { instanceId: 1, versionId: 1 },
  'node.snapshot': {
    at: 1,
    node: nodeFigures(),
    instances: [],
  },
  'release.progress': { sha256: '0'.repeat(64), receivedBytes: 1 },
};

/** Values that fit no payload: by shape, by type of each field, by size, by what tends to break parsers. */
export function malformed(payload: object): unknown[] {
  const broken: unknown[] = [null, undefined, 0, 'text', [], [payload], true, new Uint8Array([1, 2, 3])];
  for (const key of Object.keys(payload)) {
    for (const value of [null, -1, 1.5, Number.MAX_VALUE, '\0', {}, [], [[]], [null], 'x'.repeat(100_000)]) {
      broken.push({ ...payload, [key]: value });
    }
    const { [key]: _, ...without } = payload as Record<string, unknown>;
    broken.push(without);
  }
  return broken;
}
