import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { PRODUCT_VERSION } from '../common/version.ts';

// Before the rest is loaded, since none of it is taken back later. For an agent with 100 instances:
// the young generation stays at 2 MiB instead of growing to 32 (20 MB);
setFlagsFromString('--semi-space-growth-factor=1');
// one thread collects it, since each that helps takes pages of its own for what grows old (4 MB);
setFlagsFromString('--no-parallel-scavenge');
// Maglev compiles what is hot, and TurboFan's pages of the binary are never touched (5.5 MB);
setFlagsFromString('--no-turbofan');
// what was needed for the start only goes with the next collection, not the sixth (2 MB).
setFlagsFromString('--bytecode-old-age=1');
const { main } = await import('./main.ts');

// Whoever read our log may be gone (EPIPE); that is no reason to end.
process.stderr.on('error', () => {});
const beside = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const code = await main({
  argv: process.argv.slice(2),
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  version: PRODUCT_VERSION,
  // Beside the bundle, or in the sources.
  shimFile: [beside('./shim.sh')].find(existsSync) ?? beside('./process/shim.sh'),
  searchWorkerFile:
    [beside('./search-worker.js')].find(existsSync) ?? beside('./log/search/search-worker.ts'),
  unpackWorkerFile: [beside('./unpack-worker.js')].find(existsSync) ?? beside('./release/unpack-worker.ts'),
  stopped: () =>
    new Promise((resolve, reject) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
      process.once('uncaughtException', reject);
    }),
});
process.exit(code);
