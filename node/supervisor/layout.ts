import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { reserveSpares } from './spare-space.ts';

/** Where everything is below an agent's state directory. */
export interface StateLayout {
  readonly root: string;
  readonly agentFile: string;
  readonly lockFile: string;
  /** Records of runs, written by shims: one directory, so that one watch sees all. */
  readonly runs: string;
  readonly releases: string;
  readonly logs: string;
  readonly eventsFile: string;
  /** Instances over their memory mark. */
  readonly memoryFile: string;
  /** What programs on this machine read of the agent: the registry's files. */
  readonly registry: string;
  readonly instances: string;
  /** See `writeStateFile`. */
  readonly spares: string;
  instance(instanceId: number): InstanceLayout;
}

export interface InstanceLayout {
  readonly directory: string;
  /** The state directory's. */
  readonly spares: string;
  /** What is wanted of it. */
  readonly assignmentFile: string;
  /** What is known of its runs. */
  readonly recordFile: string;
  readonly conf: string;
  readonly data: string;
  /** Symbolic link to the release that runs, or ran last. */
  readonly current: string;
}

/** @param registry default: the state directory itself. */
export function stateLayout(root: string, registry = root): StateLayout {
  const instances = join(root, 'instances');
  const spares = join(root, 'spare');
  return {
    root,
    agentFile: join(root, 'agent.json'),
    lockFile: join(root, 'agent.lock'),
    runs: join(root, 'runs'),
    releases: join(root, 'releases'),
    logs: join(root, 'logs'),
    eventsFile: join(root, 'events', 'queue.jsonl'),
    memoryFile: join(root, 'events', 'memory-high.json'),
    registry,
    instances,
    spares,
    instance(instanceId) {
      const directory = join(instances, String(instanceId));
      return {
        directory,
        spares,
        assignmentFile: join(directory, 'assignment.json'),
        recordFile: join(directory, 'run.json'),
        conf: join(directory, 'conf'),
        data: join(directory, 'data'),
        current: join(directory, 'current'),
      };
    },
  };
}

/** Makes the directories that are always there. */
export function makeLayout(layout: StateLayout): void {
  for (const directory of [
    layout.runs,
    layout.releases,
    layout.logs,
    layout.instances,
    layout.registry,
    join(layout.root, 'events'),
  ])
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  reserveSpares(layout.spares);
}

/** Instances that something is known of. One that was removed may have left its data behind. */
export function listInstances(layout: StateLayout): number[] {
  return readdirSync(layout.instances)
    .filter((name) => /^[1-9]\d*$/.test(name))
    .map(Number)
    .filter((instanceId) => {
      const { assignmentFile, recordFile } = layout.instance(instanceId);
      return existsSync(assignmentFile) || existsSync(recordFile);
    });
}
