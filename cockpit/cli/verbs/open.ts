import { toWireError } from '../../../common/protocol/errors.ts';
import { expandHome } from '../../client/complete-path.ts';
import { unblockWrites } from '../../client/non-blocking-tty.ts';
import { chooseLanguage, LANGUAGE_NAME } from '../../language/language.ts';
import { loadTranslate } from '../../language/translate.ts';
import { openClient } from '../connect.ts';
import { EndedBySignal, UsageError } from '../exit-code.ts';
import { type CliIo, printLine, terminalOf } from '../io.ts';
import { resolveTarget, type Target, type TargetOptions } from '../target.ts';

/** `sgrid` alone: the cockpit on the master that is meant. It stays open, and reconnects, until the user leaves it. */
export async function openCockpit(options: TargetOptions & ScreenOptions, io: CliIo): Promise<void> {
  const target = resolveTarget(options, io);
  if (target.warning !== null) printLine(io.stderr, `sgrid: warning: ${target.warning}`);
  await showCockpit(target, io, options);
}

/** How the screen is to be, from the command line. */
export interface ScreenOptions {
  readOnly?: boolean | undefined;
  ascii?: boolean | undefined;
  lang?: string | undefined;
}

/** @throws EndedBySignal */
export async function showCockpit(target: Target, io: CliIo, screen: ScreenOptions = {}): Promise<void> {
  const { lang } = screen;
  if (lang !== undefined && !LANGUAGE_NAME.test(lang))
    throw new UsageError(`there are no texts in "${lang}"`, '--lang takes en or zh-CN');
  const terminal = terminalOf(io);
  if (terminal === null) {
    const t = await loadTranslate(chooseLanguage({ option: lang, env: io.env }));
    throw new UsageError(
      t('the cockpit needs a terminal'),
      t('without one use "sgrid get instances", or see "sgrid --help"'),
    );
  }
  const { stdin, stdout } = terminal;
  const reblock = unblockWrites(stdout);
  // Keys typed ahead would be echoed until the screen is loaded. What was echoed already has moved the cursor, and the
  // alternate screen begins where the cursor is.
  stdin.setRawMode(true);
  stdout.write('\r');
  try {
    const isReadOnly = screen.readOnly === true || target.isReadOnly === true ? true : undefined;
    let next: Shown | null = { target, isReadOnly, problems: [] };
    while (next !== null) next = await showOne(next, terminal, io, screen);
  } finally {
    stdin.setRawMode(false);
    reblock();
    // What is typed from here on is for the shell.
    stdin.pause();
  }
}

interface Shown {
  readonly target: Target;
  readonly isReadOnly: boolean | undefined;
  readonly problems: readonly string[];
}

/** One master, until the user leaves it. @returns the one that is gone on with, or null */
async function showOne(
  shown: Shown,
  terminal: NonNullable<ReturnType<typeof terminalOf>>,
  io: CliIo,
  screen: ScreenOptions,
): Promise<Shown | null> {
  const client = await openClient(shown.target, io);
  try {
    const { runCockpit } = await import('../../main.tsx');
    const exit = await runCockpit({
      ...terminal,
      client,
      env: io.env,
      cwd: io.cwd,
      clock: io.clock,
      isAscii: screen.ascii,
      language: screen.lang,
      isReadOnly: shown.isReadOnly,
      problems: shown.problems,
    });
    if (exit.reason === 'signal') throw new EndedBySignal(exit.signal);
    if (exit.reason === 'quit') return null;
    const { master, tokenFile, readOnly } = exit.context;
    try {
      const target = resolveTarget({ master, tokenFile: expandHome(tokenFile) }, io);
      return { target, isReadOnly: screen.readOnly === true || readOnly ? true : undefined, problems: [] };
    } catch (error) {
      // One without a usable token is told where one was.
      return { ...shown, problems: [`Context ${exit.name}: ${toWireError(error).message}`] };
    }
  } finally {
    client.close();
  }
}
