import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { replaceConfigFiles } from '../../node/config-files/config-directory.ts';
import { killAfterTest } from '../support/owned-process.ts';

let own: string;
let conf: string;
beforeEach(() => {
  own = mkdtempSync(join(tmpdir(), 'sgrid-config-crash-'));
  conf = join(own, 'conf');
  mkdirSync(conf);
});
afterEach(() => rmSync(own, { recursive: true, force: true }));

const ROUNDS = 12;
const READS = 500;
const WRITER = fileURLToPath(new URL('support/config-writer.ts', import.meta.url));

test('killed with -9 at any moment, the files are all of one set, and the next writer cleans up', async () => {
  let first = 1;
  for (let round = 0; round < ROUNDS; round++) {
    const child = killAfterTest(
      spawn(process.execPath, [WRITER, conf, own, String(first)], { stdio: ['ignore', 'pipe', 'inherit'] }),
    );
    const exited = once(child, 'exit');
    let written = 0;
    for await (const chunk of child.stdout) {
      written += String(chunk).split('\n').length - 1;
      // Whoever opens a name meanwhile finds a file of the old set or of the new.
      for (let at = 0; at < READS; at++) expect(readFileSync(join(conf, 'a'), 'utf8')).toMatch(/^\d+$/);
      // Somewhere in the middle of the next one.
      if (written > round) break;
    }
    child.kill('SIGKILL');
    await exited;
    const texts = ['a', 'b', 'dir/c'].map((name) => readFileSync(join(conf, name), 'utf8'));
    expect(new Set(texts).size).toBe(1);
    expect(readlinkSync(join(conf, '..data'))).toMatch(new RegExp(`^\\.\\.${texts[0]}-`));
    first = Number(texts[0]) + 1;
  }
  const files = [{ name: 'a', text: 'last', isSecret: false }];
  await replaceConfigFiles({ conf, own }, first, files, ['a', 'b', 'dir/c'], null);
  expect(readdirSync(conf).sort()).toEqual(['..data', readlinkSync(join(conf, '..data')), 'a'].sort());
  expect(readdirSync(own)).toEqual(['conf']);
});

test('a link that a killed writer had half made in a directory does not keep that', async () => {
  const files = [{ name: 'dir/c', text: 'first', isSecret: false }];
  await replaceConfigFiles({ conf, own }, 1, files, [], null);
  symlinkSync('../..data/dir/c', join(conf, 'dir/..tmp-0123456789ab'));
  await replaceConfigFiles({ conf, own }, 2, [], ['dir/c'], null);
  expect(readdirSync(conf).sort()).toEqual(['..data', readlinkSync(join(conf, '..data'))].sort());
});
