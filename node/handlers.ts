import { toWireBytes } from '../common/domain/bytes.ts';
import type { AgentHandlers } from './agent.ts';
import type { LogStore } from './log/log-store.ts';
import type { Registry } from './registry/registry.ts';
import type { ReleaseStore } from './release/release-store.ts';
import { readListeningPorts } from './stats/listening-ports.ts';
import type { Supervisor } from './supervisor/supervisor.ts';

/** What the master may ask of this agent. */
export function createHandlers(
  supervisor: Supervisor,
  releaseStore: ReleaseStore,
  logStore: LogStore,
  registry: Registry,
  heldText: (instanceId: number, name: string) => Promise<string>,
): AgentHandlers {
  return {
    'node.ping': () => ({}),
    'node.ports': async () => ({ ports: await readListeningPorts('/proc') }),
    'release.prepare': async ({ serviceName, release }) => {
      const { alreadyThere } = await releaseStore.prepare(serviceName, release);
      return { alreadyThere };
    },
    'instance.apply': async ({ assignment }) => ({ status: await supervisor.apply(assignment) }),
    'assignment.list': ({ instanceIds }) => ({
      assignments: supervisor
        .instances()
        .flatMap(({ assignment }) =>
          instanceIds === undefined || instanceIds.includes(assignment.instanceId) ? [assignment] : [],
        ),
    }),
    'config.read': async ({ instanceId, name }) => ({ text: await heldText(instanceId, name) }),
    'instance.remove': async ({ instanceId }) => {
      await supervisor.remove(instanceId);
      return {};
    },
    'instance.resolve': async ({ instanceId, assignment, how, actor }) => ({
      status: await supervisor.resolve(instanceId, { wanted: assignment, how, actor }),
    }),
    async 'log.read'(request, { signal }) {
      const result = await logStore.read(request, signal);
      return { ...result, data: toWireBytes(result.data) };
    },
    async 'log.search'(request, { signal }) {
      const result = await logStore.search(request, signal);
      return { ...result, text: toWireBytes(result.text) };
    },
    'log.runs': async ({ instanceId }) => ({ runs: await logStore.runs(instanceId) }),
    'log.files': async ({ instanceId }) => ({ files: await logStore.files(instanceId) }),
    'registry.changed': (change, { signal }) => registry.receive(change, signal),
  };
}
