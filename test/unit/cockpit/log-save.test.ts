import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { saveView } from '../../../cockpit/client/log-save.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-log-save-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const TEXT = Buffer.from('one\ntwo\n');

function save(path: string) {
  const view = { sources: [{ instanceId: 1, file: 'stdout' }], filters: [] };
  const end = { offset: TEXT.length };
  const read = async () => ({ data: TEXT, start: { offset: 0 }, end, tailOffset: TEXT.length });
  return saveView({ view, path, mayOverwrite: true } as never, read as never, {
    cwd: directory,
    signal: new AbortController().signal,
    onProgress: () => undefined,
  });
}

test('what is overwritten through a link is the file behind it; a pipe or directory is refused and stays', async () => {
  const [file, link, pipe] = ['file', 'link', 'pipe'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(file, 'before');
  symlinkSync(file, link);
  await save('link');
  expect(readlinkSync(link)).toBe(file);
  expect(readFileSync(file, 'utf8')).toBe('one\ntwo\n');

  execFileSync('mkfifo', [pipe]);
  await expect(save('pipe')).rejects.toMatchObject({ code: 'bad_request' });
  expect(lstatSync(pipe).isFIFO()).toBe(true);
  await expect(save('.')).rejects.toMatchObject({ code: 'bad_request' });
});

test('what the file system refuses is told in words: a directory that is missing, or is none', async () => {
  await expect(save('no/such/place.log')).rejects.toMatchObject({
    code: 'not_found',
    message: `there is no directory ${join(directory, 'no/such')}`,
  });
  writeFileSync(join(directory, 'file'), '');
  await expect(save('file/place.log')).rejects.toMatchObject({
    code: 'not_found',
    message: `there is no directory ${join(directory, 'file')}`,
  });
});
