import type { InstanceView } from '../../common/domain/instance.ts';
import type { NodeView } from '../../common/domain/node.ts';

/** How urgent something is: 3 broken, 2 in doubt or on its way back, 1 in motion, 0 as it should be. */
export type Severity = 0 | 1 | 2 | 3;

export function instanceSeverity({ status, desired }: InstanceView, node: NodeView | undefined): Severity {
  if (node?.link === 'down') return 2;
  switch (status?.state) {
    case 'crash-loop':
    case 'failed':
    case 'unknown':
      return 3;
    case 'backoff':
      return 2;
    // A program that ended well and is not to run again is where it should be.
    case 'exited':
      return status.lastExit?.code === 0 ? 0 : 2;
    case 'preparing':
    case 'waiting':
    case 'starting':
    case 'stopping':
      return 1;
    case 'running':
      return status.health.state === 'unhealthy' ? 3 : status.health.state === 'starting' ? 1 : 0;
    default:
      return desired === 'running' ? 1 : 0;
  }
}
