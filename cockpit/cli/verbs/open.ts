import { SgridError } from '../../../common/protocol/errors.ts';
import { openClient } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine, terminalOf } from '../io.ts';
import { resolveTarget, type Target, type TargetOptions } from '../target.ts';

/** `sgrid` alone: the cockpit on the master that is meant. It stays open, and reconnects, until the user leaves it. */
export async function openCockpit(options: TargetOptions, io: CliIo): Promise<void> {
  const target = resolveTarget(options, io);
  if (target.warning !== null) printLine(io.stderr, `sgrid: warning: ${target.warning}`);
  await showCockpit(target, io);
}

/** @throws SgridError `cancelled` when a signal ended it. */
export async function showCockpit(target: Target, io: CliIo): Promise<void> {
  const terminal = terminalOf(io);
  if (terminal === null) {
    throw new UsageError(
      'the cockpit needs a terminal',
      'without one use "sgrid get instances", or see "sgrid --help"',
    );
  }
  const { stdin, stdout } = terminal;
  // Keys typed ahead would be echoed until the screen is loaded. What was echoed already has moved the cursor, and the
  // alternate screen begins where the cursor is.
  stdin.setRawMode(true);
  stdout.write('\r');
  const client = await openClient(target, io);
  try {
    const { runCockpit } = await import('../../main.tsx');
    const exit = await runCockpit({ ...terminal, client, env: io.env, cwd: io.cwd, clock: io.clock });
    if (exit.reason === 'signal') throw new SgridError('cancelled', `ended by ${exit.signal}`);
  } finally {
    stdin.setRawMode(false);
    // What is typed from here on is for the shell.
    stdin.pause();
    client.close();
  }
}
