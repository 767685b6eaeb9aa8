import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import { said, type Told, word } from '../../common/domain/said.ts';
import { dependencyCycle } from '../../common/domain/service.ts';

/** An instance of this node, as another one that may wait for it sees it. */
export interface Neighbour {
  readonly assignment: Assignment;
  readonly status: InstanceStatus;
}

export type DependencyVerdict =
  | { kind: 'ready' }
  /** Names what is waited for, and how it is. `announced`: worth an event. */
  | { kind: 'wait'; reason: Told; announced: boolean }
  /** They wait for one another: none of them can ever be started. */
  | { kind: 'cycle'; path: readonly string[] };

const READY: DependencyVerdict = { kind: 'ready' };
const NAMED = 5;

/**
 * Whether an instance may be started now: all instances on this node of the services that it depends on are up, of those that
 * are wanted to run; systemd.unit(5) `After=`. Pure.
 *
 * @param neighbours the instances of this node; itself among them or not.
 */
export function decideDependencies(own: Assignment, neighbours: readonly Neighbour[]): DependencyVerdict {
  const { dependsOn, name } = own.spec;
  if (dependsOn.length === 0) return READY;
  const wanted = neighbours.filter(({ assignment }) => assignment.desired === 'running');
  const missing = wanted.filter(
    ({ assignment, status }) => dependsOn.includes(assignment.spec.name) && !isUp(assignment, status),
  );
  if (missing.length === 0) return READY;
  const specs = [...wanted.map(({ assignment }) => assignment.spec), own.spec];
  const path = dependencyCycle(specs, name);
  if (path !== null) return { kind: 'cycle', path };
  return { kind: 'wait', reason: said`waiting for ${describe(missing)}`, announced: true };
}

/** A script has done its part when it has ended well; a container is up like a program. */
function isUp({ spec }: Assignment, { state, health, lastExit }: InstanceStatus): boolean {
  if (spec.type === 'script' && spec.dockerName === undefined)
    return state === 'exited' && lastExit?.code === 0;
  return state === 'running' && (health.state === 'none' || health.state === 'healthy');
}

function describe(missing: readonly Neighbour[]): Told {
  const named = missing.slice(0, NAMED).map(({ assignment: { spec, instanceId }, status }) => {
    const state = word(status.state);
    const isChecked = status.state === 'running' && status.health.state !== 'none';
    const how = isChecked ? said`${state}, ${word(status.health.state)}` : state;
    return said`${spec.name} (instance ${instanceId}: ${how})`;
  });
  const list = named.reduce((all, each) => said`${all}, ${each}`);
  return missing.length > NAMED ? said`${list} and ${missing.length - NAMED} more` : list;
}
