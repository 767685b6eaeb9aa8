import { createWriteStream } from 'node:fs';
import { pathToFileURL } from 'node:url';

/**
 * Writes what a terminal is sent as an asciicast, version 2 (asciinema's file format: a header, then a line per piece of
 * output with the seconds since the beginning).
 *
 * @param clock in milliseconds
 */
export async function recordAsciicast(
  input: AsyncIterable<Buffer>,
  write: (line: string) => void,
  { columns, rows, title, clock }: { columns: number; rows: number; title: string; clock: () => number },
): Promise<void> {
  const begin = clock();
  const header = { version: 2, width: columns, height: rows, title, idle_time_limit: 2 };
  write(`${JSON.stringify({ ...header, env: { TERM: 'xterm-256color' } })}\n`);
  // A piece may end within a character.
  const decoder = new TextDecoder();
  for await (const chunk of input) {
    const text = decoder.decode(chunk, { stream: true });
    if (text !== '') write(`${JSON.stringify([Number(((clock() - begin) / 1000).toFixed(3)), 'o', text])}\n`);
  }
}

/** `asciicast.ts FILE COLUMNS ROWS TITLE`: from standard input, as `tmux pipe-pane` hands it over. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const [file = '', columns, rows, title = ''] = process.argv.slice(2);
  const output = createWriteStream(file);
  await recordAsciicast(process.stdin, (line) => output.write(line), {
    ...{ columns: Number(columns), rows: Number(rows), title },
    clock: () => performance.now(),
  });
  output.end();
}
