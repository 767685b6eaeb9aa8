import type { ExitResult, InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
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

/** What people call a node: its alias, else its number. */
export function nodeWords(node: NodeView | undefined, nodeId: number): string {
  const alias = node === undefined ? '' : plainText(node.alias);
  return alias === '' ? `node ${nodeId}` : alias;
}

/** What people call an instance: `web@alpha:8101`. The port is unique on its node. */
export function instanceWords(
  { serviceName, nodeId, port }: Pick<InstanceView, 'serviceName' | 'nodeId' | 'port'>,
  nodes: ReadonlyMap<number, NodeView>,
): string {
  return `${serviceName}@${nodeWords(nodes.get(nodeId), nodeId)}:${port}`;
}

/** The same of the instance of a rollout's step, which may be gone by now. */
export function stepInstanceWords(
  { serviceName }: Pick<Rollout, 'serviceName'>,
  { instanceId, nodeId, port }: RolloutStep,
  nodes: ReadonlyMap<number, NodeView>,
): string {
  return port === null ? `instance ${instanceId}` : instanceWords({ serviceName, nodeId, port }, nodes);
}
