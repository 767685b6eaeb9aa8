import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { differenceOf, markArchive, writeArchive } from '../../bench/rig/archive.ts';

test('what tar makes of an archive is as it was; a byte, a name or a file that is not is seen', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-bench-archive-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, 'big.tar');
  const content = writeArchive(file, 1, '#!/bin/sh\n');
  markArchive(file, 3);
  const into = join(directory, 'into');
  mkdirSync(into);
  execFileSync('tar', ['xf', file, '-C', into]);
  expect(readFileSync(join(into, 'marker'), 'utf8').trim()).toBe('3');
  expect(differenceOf(into, content)).toBeNull();

  const [binary, other] = [join(into, 'bin', 'server'), join(into, 'bin', 'other')];
  renameSync(binary, other);
  expect(differenceOf(into, content)).toContain('another content or another name');
  renameSync(other, binary);
  const bytes = readFileSync(binary);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(binary, bytes);
  expect(differenceOf(into, content)).toContain('another content or another name');
  rmSync(binary);
  expect(differenceOf(into, content)).toContain(`instead of ${content.files}`);
});
