import type { ExitResult, InstanceView } from '../../common/domain/instance.ts';
import { instanceNameOf, type NodeNames, nodeNameOf } from '../../common/domain/instance-name.ts';
import type { NodeView } from '../../common/domain/node.ts';
import { type Rollout, type RolloutStep, stepName } from '../../common/domain/rollout.ts';
import { english, type Translate } from '../language/translate.ts';
import { plainText } from './plain-text.ts';

/** How a run ended, short: `exit 1`, `SIGKILL`, `OOM`, `lost`. */
export function exitWords(exit: ExitResult, t: Translate = english): string {
  if (exit.oomKilled) return t('OOM killed');
  if (exit.cause === 'lost') return t('lost');
  const how = exit.signal ?? (exit.code === null ? t('ended') : t('exit {code}', { code: exit.code }));
  return exit.cause === 'stopped' ? t('stop {how}', { how }) : how;
}

/** Whether a run ended as nobody wanted. */
export function isBadExit(exit: ExitResult): boolean {
  return exit.oomKilled || (exit.cause !== 'stopped' && exit.code !== 0);
}

/** What people call a node where nothing else says that it is one: its alias, else `node 3`. */
export function nodeWords(node: NodeView | undefined, nodeId: number): string {
  const alias = node === undefined ? '' : plainText(node.alias);
  return alias === '' ? `node ${nodeId}` : alias;
}

/** Nodes as they stand within sentences and in the names of their instances: by their alias, else by their number. */
export function nodeNamesOf(nodes: ReadonlyMap<number, NodeView>): NodeNames {
  return (nodeId) => nodeNameOf({ alias: plainText(nodes.get(nodeId)?.alias ?? '') }, nodeId);
}

/** What people call an instance: `web@alpha:8101`. */
export function instanceWords(
  instance: Pick<InstanceView, 'serviceName' | 'nodeId' | 'port'>,
  nodes: ReadonlyMap<number, NodeView>,
): string {
  return instanceNameOf(instance, nodeNamesOf(nodes));
}

/** The same of the instance of a rollout's step, which may be gone by now. */
export function stepInstanceWords(
  rollout: Pick<Rollout, 'serviceName'>,
  step: RolloutStep,
  nodes: ReadonlyMap<number, NodeView>,
): string {
  return stepName(rollout, step, nodeNamesOf(nodes));
}
