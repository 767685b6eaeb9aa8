import { fileURLToPath } from 'node:url';
import { currentDirectory } from './cli/current-directory.ts';
import { ENDING_SIGNALS, EndedBySignal, EXIT } from './cli/exit-code.ts';
import { reportError, runCli } from './cli/program.ts';

/** What a terminal that takes nothing is given to take the last words, once somebody has asked for the end. */
const LAST_WORDS_MS = 2000;

const interrupt = new AbortController();
for (const signal of ENDING_SIGNALS) process.once(signal, () => interrupt.abort(new EndedBySignal(signal)));

// A reader that leaves early (`sgrid logs 3 | head`) is no error; a terminal that is gone may be noticed before its SIGHUP.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  process.exit(code === 'EPIPE' ? EXIT.ok : code === 'EIO' ? EXIT.hungUp : EXIT.failed);
});

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    env: process.env,
    cwd: currentDirectory(process.cwd),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    clock: Date.now,
    random: Math.random,
    // This file is built into dist/sgrid/index.js, beside dist/bin.
    distDirectory: fileURLToPath(new URL('..', import.meta.url)),
    signal: interrupt.signal,
  });
} catch (error) {
  process.exitCode = reportError(process.stderr, error);
}

// What is not written yet would keep the process for as long as nobody reads it.
if (interrupt.signal.aborted) setTimeout(() => process.exit(), LAST_WORDS_MS).unref();
