import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { BenchContext } from '../frame/bench.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(`../peers/${name}.tsx`, import.meta.url));

/** A peer of `peers/`, bundled and started as `deploy.sh` does it with our own. @returns the command */
export async function bundlePeer(context: BenchContext, name: string): Promise<string[]> {
  const outfile = join(context.directory, name, 'index.js');
  await build({
    entryPoints: [fileOf(name)],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    external: ['react-devtools-core'],
    // Kept apart as a file of its own, which nobody loads.
    splitting: false,
    plugins: [
      {
        name: 'without-devtools',
        setup: ({ onResolve, onLoad }) => {
          onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'nothing' }));
          onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'export default undefined' }));
        },
      },
    ],
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  writeFileSync(join(dirname(outfile), 'package.json'), '{"type":"module"}\n');
  const settings = ['NODE_ENV=production', `NODE_COMPILE_CACHE=${join(context.directory, '.compile-cache')}`];
  return ['env', ...settings, process.execPath, outfile];
}
