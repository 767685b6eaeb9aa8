import { fromWireError, SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { isUnanswered } from '../../format/no-answer.ts';
import { type CliIo, printLine } from '../io.ts';
import { entriesOf, type Listing, type OutputFormat, pick, printListing } from '../output.ts';

/** Least time between two looks: what changes together is told together. */
const GATHER_MS = 250;

/**
 * Prints a list, and from then on each thing of it that is new, changed or gone, until the user wants no more. A link that
 * is lost is waited for; what changed meanwhile is told behind it.
 *
 * @throws SgridError `cancelled` in the end; what `list` throws, but for a lost link
 */
export async function watchListing(
  client: MasterClient,
  io: CliIo,
  list: () => Promise<Listing>,
  format: OutputFormat,
): Promise<never> {
  const changes = createSignal(client, io.signal);
  try {
    let before = await list();
    if (format === 'yaml') for (const text of await entriesOf(before, format)) io.stdout.write(`${text}\n`);
    else await printListing(io, before, format);
    for (;;) {
      await changes.next();
      const now = await list().catch((error: unknown) => {
        if (error instanceof SgridError && isUnanswered(error.code) && !io.signal.aborted) return null;
        throw error;
      });
      if (now === null) continue;
      await printChanges(io, before, now, format);
      before = now;
    }
  } finally {
    changes.close();
  }
}

async function printChanges(io: CliIo, before: Listing, now: Listing, format: OutputFormat): Promise<void> {
  const known = new Map(before.names.map((name, at) => [name, before.marks[at]]));
  const changed = now.names.flatMap((name, at) => (known.get(name) === now.marks[at] ? [] : [at]));
  for (const text of await entriesOf(pick(now, changed), format)) io.stdout.write(`${text}\n`);
  const left = new Set(now.names);
  for (const name of known.keys()) {
    if (left.has(name)) continue;
    // What reads a stream of objects gets an object.
    if (format === 'jsonl') printLine(io.stdout, JSON.stringify({ removed: name }));
    else if (format === 'yaml') printLine(io.stdout, `---\nremoved: ${name}`);
    else printLine(io.stderr, `${name} removed`);
  }
}

/** Says when something may have changed. */
function createSignal(
  client: MasterClient,
  signal: AbortSignal,
): { next: () => Promise<void>; close: () => void } {
  let ring: (() => void) | null = null;
  let fail: ((error: unknown) => void) | null = null;
  let isRung = false;
  let timer: NodeJS.Timeout | undefined;
  const change = (): void => {
    isRung = true;
    ring?.();
  };
  const stop = client.listen({
    onFrame: ({ nodes, instances, removedInstanceIds, removedNodeIds }) => {
      if (nodes ?? instances ?? removedInstanceIds ?? removedNodeIds) change();
    },
    onEvents: change,
    onRollout: change,
    onLink: (link) => {
      if (link.state === 'up') change();
      else if (link.state === 'refused') fail?.(fromWireError(link.error));
    },
  });
  const onAbort = (): void => fail?.(new SgridError('cancelled', 'interrupted'));
  signal.addEventListener('abort', onAbort, { once: true });
  return {
    next: () =>
      new Promise((resolve, reject) => {
        fail = reject;
        const wake = (): void => {
          ring = null;
          timer = setTimeout(() => {
            isRung = false;
            resolve();
          }, GATHER_MS);
        };
        if (signal.aborted) onAbort();
        else if (isRung) wake();
        else ring = wake;
      }),
    close() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      stop();
    },
  };
}
