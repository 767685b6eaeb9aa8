import { SgridError } from '../../common/protocol/errors.ts';
import type { MasterClient } from '../client/master-client.ts';
import { createTerminalFilter } from './terminal-filter.ts';

const LAST_LINES = 20;
const MAX_BYTES = 16 * 1024;

/** The end of an instance's output, made safe: why a program would not come up is mostly there. Empty without any; never throws. */
export async function readLastLines(client: MasterClient, instanceId: number, name: string): Promise<string> {
  const request = { instanceId, from: 'tail', direction: 'backward', maxBytes: MAX_BYTES } as const;
  try {
    const { data } = await client.call('log.read', request);
    const lines = Buffer.from(data).toString('utf8').replace(/\n$/, '').split('\n').slice(-LAST_LINES);
    if (lines.join('') === '') return '';
    const filter = createTerminalFilter({ colour: false });
    const text = filter.push(Buffer.from(`${lines.join('\n')}\n`)) + filter.end();
    return `--- last lines of ${name}\n${text}---\n`;
  } catch (error) {
    const why = error instanceof SgridError ? error.message : 'internal error';
    return `sgrid: the output of ${name} cannot be read: ${why}\n`;
  }
}
