import type { FiguresHistory } from '../../common/domain/figures.ts';
import type { MasterClient } from './master-client.ts';

const LOOKED_BACK_MS = 3_600_000;
/** The finest that the master writes down. */
const STEP_MS = 10_000;
/** Of more instances some stand for all: each is a question to the master. */
const MAX_ASKED = 40;

/**
 * What instances used within the last hour, as the master has written it down: of CPU the average of each step, of memory its
 * peak, since a limit of memory is met once.
 *
 * @param to now, by the master's clock
 */
export async function readUse(
  client: MasterClient,
  instanceIds: readonly number[],
  to: number,
): Promise<{ histories: FiguresHistory[]; stepMs: number }> {
  const answers = await Promise.all(
    instanceIds.slice(0, MAX_ASKED).map(async (instanceId) => {
      const range = { from: to - LOOKED_BACK_MS, to, points: LOOKED_BACK_MS / STEP_MS };
      const { metrics, stepMs } = await client.call('history.read', { instanceId, ...range });
      return {
        instanceId,
        stepMs,
        cpuMillicores: metrics.cpuMillicores.map((span) => span?.[1] ?? null),
        memoryBytes: metrics.memoryBytes.map((span) => span?.[2] ?? null),
      };
    }),
  );
  const histories = answers.map(({ stepMs: _, ...history }) => history);
  return { histories, stepMs: Math.max(STEP_MS, ...answers.map(({ stepMs }) => stepMs)) };
}
