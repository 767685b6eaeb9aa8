import { PRODUCT_VERSION } from '../common/version.ts';
import { main } from './main.ts';

// Whoever read our log may be gone (EPIPE); that is no reason to end.
process.stderr.on('error', () => {});
const code = await main({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  version: PRODUCT_VERSION,
  stopped: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
    }),
});
// Timers of calls that were given up at the end (Socket.IO's, up to minutes) must not hold the process.
process.exit(code);
