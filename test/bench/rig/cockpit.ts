import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchContext } from '../frame/bench.ts';
import { openTerminalProgram, type TerminalProgram } from '../terminal-program.ts';

/** The terminal that everything is measured in. */
export const SIZE = { columns: 160, rows: 50 } as const;

/** The built cockpit in a terminal, not started yet, with settings of nobody. It ends with the bench, or before. */
export async function openCockpit(
  context: BenchContext,
  master: { url: string; tokenFile: string },
): Promise<TerminalProgram> {
  const settings = join(context.directory, 'settings');
  mkdirSync(settings, { recursive: true });
  const terminal = await openTerminalProgram({
    ...SIZE,
    cwd: context.directory,
    env: { XDG_CONFIG_HOME: settings },
    command: [context.bin('sgrid'), '--master', master.url, '--token-file', master.tokenFile],
  });
  context.onEnd(terminal.close);
  return terminal;
}
