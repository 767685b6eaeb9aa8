import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { type CliIo, printLine } from './io.ts';
import { createTerminalFilter } from './terminal-filter.ts';

const LAST_LINES = 20;
const MAX_BYTES = 16 * 1024;

/** The end of an instance's output on standard error: why a program would not come up is mostly there. Never throws. */
export async function printLastLines(
  client: MasterClient,
  io: CliIo,
  instanceId: number,
  name: string,
): Promise<void> {
  const request = { instanceId, from: 'tail', direction: 'backward', maxBytes: MAX_BYTES } as const;
  try {
    const { data } = await client.call('log.read', request);
    const lines = Buffer.from(data).toString('utf8').replace(/\n$/, '').split('\n').slice(-LAST_LINES);
    if (lines.join('') === '') return;
    printLine(io.stderr, `--- last lines of ${name}`);
    const filter = createTerminalFilter({ colour: false });
    const text = Buffer.from(`${lines.join('\n')}\n`);
    io.stderr.write(filter.push(text));
    io.stderr.write(filter.end());
    printLine(io.stderr, '---');
  } catch (error) {
    const why = error instanceof SgridError ? error.message : 'internal error';
    printLine(io.stderr, `sgrid: the output of ${name} cannot be read: ${why}`);
  }
}
