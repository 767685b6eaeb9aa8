import { fileURLToPath } from 'node:url';
import { currentDirectory } from './cli/current-directory.ts';
import { reportError, runCli } from './cli/program.ts';

/** What a terminal that takes nothing is given to take the last words, once somebody has asked for the end. */
const LAST_WORDS_MS = 2000;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort());

// A reader that leaves early (`sgrid logs 3 | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
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
