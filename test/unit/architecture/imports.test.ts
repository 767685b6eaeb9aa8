import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PARTS = ['cockpit', 'master', 'node', 'common'] as const;

interface Import {
  file: string;
  /** A path below the root for our own files, else the package's name. */
  target: string;
  isOwn: boolean;
  isTypeOnly: boolean;
  isLazy: boolean;
}

const STATIC = /^\s*(?:import|export)\s+(type\s+)?(?:[^'"]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
const LAZY = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function filesOf(part: string): string[] {
  return readdirSync(join(ROOT, part), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(part, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const make = (specifier: string, isTypeOnly: boolean, isLazy: boolean): Import => {
    const isOwn = specifier.startsWith('.');
    const target = isOwn
      ? normalize(join(dirname(file), specifier))
      : specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
    return { file, target, isOwn, isTypeOnly, isLazy };
  };
  return [
    ...[...text.matchAll(STATIC)].map(([, type, specifier = '']) =>
      make(specifier, type !== undefined, false),
    ),
    ...[...text.matchAll(LAZY)].map(([, specifier = '']) => make(specifier, false, true)),
  ];
}

const imports = PARTS.flatMap(filesOf).flatMap(importsOf);
const breaches = (isBreach: (each: Import) => boolean): string[] =>
  imports.filter(isBreach).map(({ file, target }) => `${file} → ${target}`);
const partOf = (path: string): string => relative('.', path).split('/')[0] ?? '';
const isIn = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);

/** Everything that is loaded by importing a file: its own files and the packages, types aside. */
function loadedBy(entry: string, options: { lazily: boolean }): Set<string> {
  const loaded = new Set<string>();
  const todo = [entry];
  for (let file = todo.pop(); file !== undefined; file = todo.pop()) {
    for (const each of imports) {
      if (each.file !== file || each.isTypeOnly || loaded.has(each.target)) continue;
      if (each.isLazy && !options.lazily) continue;
      loaded.add(each.target);
      if (each.isOwn) todo.push(each.target);
    }
  }
  return loaded;
}

test('the scan sees what there is', () => {
  expect(imports.length).toBeGreaterThan(200);
  expect(importsOf('cockpit/client/connection.ts')).toContainEqual(
    expect.objectContaining({ target: 'common/protocol/bind.ts', isOwn: true, isTypeOnly: false }),
  );
  expect(loadedBy('cockpit/index.ts', { lazily: true })).toContain('ink');
});

test('common imports none of the other parts', () => {
  expect(
    breaches(
      ({ file, target, isOwn }) =>
        isOwn && isIn(file, 'common') && partOf(target) !== 'common' && target !== 'package.json',
    ),
  ).toEqual([]);
});

test('cockpit, master and node import only common and themselves', () => {
  expect(
    breaches(
      ({ file, target, isOwn }) =>
        isOwn && target !== 'package.json' && partOf(target) !== 'common' && partOf(target) !== partOf(file),
    ),
  ).toEqual([]);
});

test('only master/store touches the database', () => {
  const database = new Set(['better-sqlite3', 'kysely']);
  expect(
    breaches(
      ({ file, target, isTypeOnly }) => database.has(target) && !isTypeOnly && !isIn(file, 'master/store'),
    ),
  ).toEqual([]);
});

test('only the agent’s one file and the cockpit’s client open a socket to the master', () => {
  expect(
    breaches(
      ({ file, target, isTypeOnly }) =>
        target === 'socket.io-client' &&
        !isTypeOnly &&
        file !== 'node/agent.ts' &&
        !isIn(file, 'cockpit/client'),
    ),
  ).toEqual([]);
});

test('view-models know neither React nor Ink, nor anything of the screen', () => {
  expect(
    breaches(
      ({ file, target }) =>
        isIn(file, 'cockpit/view-model') &&
        (/^(react|ink|ink-table|@inkjs\/ui)$/.test(target) ||
          isIn(target, 'cockpit/components') ||
          isIn(target, 'cockpit/screens')),
    ),
  ).toEqual([]);
});

test('master and agent load neither React nor Ink, the agent no database', () => {
  const screen = ['react', 'ink', 'ink-table', '@inkjs/ui'];
  const ofMaster = loadedBy('master/index.ts', { lazily: true });
  const ofAgent = loadedBy('node/index.ts', { lazily: true });
  for (const name of screen) {
    expect(ofMaster).not.toContain(name);
    expect(ofAgent).not.toContain(name);
  }
  expect(ofMaster).toContain('better-sqlite3');
  expect(ofAgent).toContain('socket.io-client');
  expect(ofAgent).not.toContain('better-sqlite3');
  expect(ofAgent).not.toContain('kysely');
});

test('the command line loads the screen, and the link, only when a verb needs them', () => {
  const loaded = loadedBy('cockpit/index.ts', { lazily: false });
  for (const name of ['react', 'ink', '@inkjs/ui', 'socket.io-client', 'execa', 'tar'])
    expect(loaded).not.toContain(name);
});

// esbuild gives the chunk of a CommonJS package a default export and no other; run from source it has them all.
test('a package that is imported when it is needed is taken by its default export', () => {
  const found = PARTS.flatMap(filesOf).flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const all = text.matchAll(/\bimport\(\s*'([^.'][^']*)'\s*\)(\)\.default)?/g);
    return [...all].map(([, name, byDefault]) => ({ what: `${file} → ${name}`, byDefault }));
  });
  expect(found).not.toEqual([]);
  expect(found.filter(({ byDefault }) => byDefault === undefined)).toEqual([]);
});

// An import of it loads undici as well (common/system/node-http.ts has the figures).
test('node:http is taken from common/system/node-http.ts', () => {
  expect(breaches(({ target, isTypeOnly }) => /^(node:)?http$/.test(target) && !isTypeOnly)).toEqual([]);
});
