import type { InstanceView } from '../../common/domain/instance.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { isUnanswered, NO_ANSWER } from '../format/no-answer.ts';
import { plainText } from '../format/plain-text.ts';
import { resolveInstances } from './instance-name.ts';
import { type CliIo, printLine } from './io.ts';

export interface ChosenInstances {
  chosen: InstanceView[];
  /** What people call each of them. */
  words: ReadonlyMap<number, string>;
}

/** @throws SgridError naming what fits no instance, or several. */
export async function chooseInstances(
  client: MasterClient,
  names: readonly string[],
): Promise<ChosenInstances> {
  const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const chosen = resolveInstances(names, fleet);
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  return { chosen, words: new Map(chosen.map((each) => [each.instanceId, instanceWords(each, nodes)])) };
}

/**
 * Says of each instance what became of it.
 *
 * @param done what was asked for, as a participle: "stopped".
 * @param success where that is not what to say of one: "already runs".
 * @throws SgridError with the code of the first refusal when it did not work on all of them; of one alone, that refusal.
 */
export function reportOutcomes(
  { stdout, stderr }: Pick<CliIo, 'stdout' | 'stderr'>,
  outcomes: readonly InstanceOutcome[],
  words: ReadonlyMap<number, string>,
  done: string,
  success: (instanceId: number) => string = () => done,
): void {
  for (const { instanceId, error, warning } of outcomes) {
    const who = `${instanceId} (${words.get(instanceId) ?? ''})`;
    if (error === null) {
      printLine(stdout, `${who} ${success(instanceId)}`);
      if (warning !== undefined) printLine(stderr, `sgrid: ${who}: ${plainText(warning)}`);
      continue;
    }
    const isLost = isUnanswered(error.code);
    const what = isLost ? `${NO_ANSWER} (${error.message})` : error.message;
    // Of one alone there is nothing to sum up: whoever catches it says it.
    if (outcomes.length === 1)
      throw new SgridError(isLost ? 'timeout' : error.code, `${who}: ${what}`, { hint: error.hint });
    printLine(stderr, `sgrid: ${who}: ${plainText(`${what}${error.hint ? ` — ${error.hint}` : ''}`)}`);
  }
  const failed = outcomes.flatMap(({ error }) => error ?? []);
  if (failed.length === 0) return;
  const refused = failed.find((error) => !isUnanswered(error.code));
  const not = refused === undefined ? 'not known to be' : 'not';
  throw new SgridError(refused?.code ?? 'timeout', `${failed.length} of ${outcomes.length} ${not} ${done}`);
}
