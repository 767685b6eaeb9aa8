import { SgridError } from '../../common/protocol/errors.ts';
import { UsageError } from './exit-code.ts';
import type { CliIo } from './io.ts';

/**
 * All of standard input, which has to be a file or a pipe.
 *
 * @throws SgridError `cancelled`; UsageError for more than `maxBytes`, and where it is a terminal: what is typed there would be seen
 */
export async function readInput({ stdin, signal }: CliIo, maxBytes: number): Promise<Buffer> {
  if (stdin.isTTY === true) throw new UsageError('standard input is a terminal', 'give it a file or a pipe');
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(new SgridError('cancelled', 'interrupted'));
  signal.addEventListener('abort', onAbort, { once: true });
  const reading = (async () => {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk);
      sizeBytes += bytes.length;
      if (sizeBytes > maxBytes) {
        throw new UsageError(
          `standard input is larger than ${maxBytes} bytes`,
          'put what is large into the package',
        );
      }
      chunks.push(bytes);
    }
    return Buffer.concat(chunks);
  })();
  // The loser of the race has nobody left to hear it.
  reading.catch(() => {});
  try {
    return await Promise.race([reading, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
