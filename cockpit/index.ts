import { fileURLToPath } from 'node:url';
import { runCli } from './cli/program.ts';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupt.abort());

// A reader that leaves early (`sgrid logs 3 | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  cwd: process.cwd(),
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  clock: Date.now,
  random: Math.random,
  // This file is built into dist/sgrid/index.js, beside dist/bin.
  distDirectory: fileURLToPath(new URL('..', import.meta.url)),
  signal: interrupt.signal,
});
