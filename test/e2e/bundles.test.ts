import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { DIST } from '../support/local-system.ts';

/** The part of esbuild's metafile that is of interest. */
const metaSchema = z.object({
  outputs: z.record(
    z.string(),
    z.object({
      inputs: z.record(z.string(), z.unknown()),
      imports: z.array(z.object({ path: z.string(), kind: z.string() })),
    }),
  ),
});
type Meta = z.infer<typeof metaSchema>;

const directories: string[] = [];

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function metaOf(product: string): Meta {
  return metaSchema.parse(JSON.parse(readFileSync(join(DIST, product, 'meta.json'), 'utf8')));
}

/** The npm packages in an output and in all that it imports, lazily or not; and what it leaves to node_modules. */
function packagesIn(meta: Meta, entry: string, lazily: boolean): Set<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const todo = Object.keys(meta.outputs).filter((name) => name.endsWith(`/${entry}`));
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const output = meta.outputs[name];
    for (const input of Object.keys(output?.inputs ?? {})) {
      const [, dependency] = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? [];
      if (dependency !== undefined) found.add(dependency);
    }
    for (const { path, kind } of output?.imports ?? []) {
      if (kind === 'dynamic-import' && !lazily) continue;
      if (meta.outputs[path] === undefined) found.add(path);
      else todo.push(path);
    }
  }
  return found;
}

const SCREEN = ['react', 'ink', 'ink-table', '@inkjs/ui', 'yoga-layout'];

test('the agent carries neither the database nor the screen', () => {
  const found = packagesIn(metaOf('sgridnode'), 'index.js', true);
  expect(found).toContain('socket.io-client');
  for (const name of [...SCREEN, 'better-sqlite3', 'kysely', 'socket.io']) expect(found).not.toContain(name);
  expect(existsSync(join(DIST, 'sgridnode', 'shim.sh'))).toBe(true);
});

test('the master carries no screen, and loads the database from its package', () => {
  const found = packagesIn(metaOf('sgridnext'), 'index.js', true);
  for (const name of ['socket.io', 'better-sqlite3', 'kysely']) expect(found).toContain(name);
  for (const name of SCREEN) expect(found).not.toContain(name);
});

test('sgrid loads the screen only for the cockpit', () => {
  const meta = metaOf('sgrid');
  const first = packagesIn(meta, 'index.js', false);
  for (const name of [...SCREEN, 'socket.io-client', 'execa']) expect(first).not.toContain(name);
  for (const name of SCREEN.slice(0, 4)) expect(packagesIn(meta, 'index.js', true)).toContain(name);
});

test('sgrid starts with what stands for packages that take long to load', () => {
  const inputs = Object.values(metaOf('sgrid').outputs).flatMap(({ inputs }) => Object.keys(inputs));
  for (const name of ['process', 'string-width', 'lazy-segmenter', 'yoga'])
    expect(inputs).toContain(`cockpit/bundle/${name}.ts`);
  expect(inputs).not.toContain('node_modules/yoga-layout/dist/src/index.js');
  const first = Object.entries(metaOf('sgrid').outputs).find(([name]) => name.endsWith('/index.js'))?.[1];
  expect(first?.imports.map(({ path }) => path)).not.toContain('node:process');
});

test('a start file finds the Node.js that npm brought, also where npm 10 left no link to it', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-runtime-'));
  directories.push(directory);
  mkdirSync(join(directory, 'node_modules'));
  cpSync(DIST, join(directory, 'dist'), { recursive: true });
  const sgrid = join(directory, 'dist', 'bin', 'sgrid');
  const env = { PATH: directory };
  for (const tool of ['sh', 'readlink']) symlinkSync(`/bin/${tool}`, join(directory, tool));
  const without = await execa(sgrid, ['--version'], { env, extendEnv: false, reject: false });
  expect(without).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('npm install') });
  const runtime = join(DIST, '..', 'node_modules', `node-linux-${process.arch}`);
  symlinkSync(runtime, join(directory, 'node_modules', `node-linux-${process.arch}`));
  const found = await execa(sgrid, ['--version'], { env, extendEnv: false });
  expect(found.stdout).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each(['sgrid', 'sgridnext', 'sgridnode'])(
  '%s starts through a chain of symbolic links, from anywhere',
  async (product) => {
    const directory = mkdtempSync(join(tmpdir(), 'sgrid-links-'));
    directories.push(directory);
    symlinkSync(join(DIST, 'bin', product), join(directory, 'first'));
    symlinkSync('first', join(directory, product));
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(readFileSync(join(DIST, '..', 'package.json'), 'utf8')));
    const byPath = await execa(join(directory, product), ['--version'], { cwd: '/' });
    expect(byPath.stdout).toBe(version);
    const bySearch = await execa('sh', ['-c', `${product} --version`], {
      cwd: '/',
      env: { PATH: `${directory}:/usr/bin:/bin` },
    });
    expect(bySearch.stdout).toBe(version);
  },
);
