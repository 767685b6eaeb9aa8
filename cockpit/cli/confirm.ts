import { createInterface } from 'node:readline';
import { SgridError } from '../../common/protocol/errors.ts';
import { UsageError } from './exit-code.ts';
import { type CliIo, terminalOf } from './io.ts';

/**
 * Goes on only when a person has typed `answer`, or said so beforehand. What it is about is said before.
 *
 * @throws SgridError `cancelled` when something else was typed; UsageError where nobody can be asked
 */
export async function demandYes(
  io: CliIo,
  isSaid: boolean,
  { question, answer = 'yes', flag = '--yes' }: { question: string; answer?: string; flag?: string },
): Promise<void> {
  if (isSaid) return;
  if (terminalOf(io) === null)
    throw new UsageError(`${question}: nobody can be asked here`, `give ${flag} to go on without asking`);
  const lines = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const typed = await new Promise<string>((resolve) => {
      lines.once('close', () => resolve(''));
      lines.question(`${question}? Type "${answer}" to go on: `, { signal: io.signal }, resolve);
      io.signal.addEventListener('abort', () => resolve(''), { once: true });
    });
    if (typed.trim() !== answer) throw new SgridError('cancelled', 'nothing was changed');
  } finally {
    lines.close();
  }
}
