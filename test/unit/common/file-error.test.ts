import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { explainFileError } from '../../../common/system/atomic-file.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-file-error-'));
  writeFileSync(join(directory, 'file'), '');
});
afterEach(() => rmSync(directory, { recursive: true }));

const explained = (path: string, act: () => void): unknown => {
  try {
    act();
  } catch (error) {
    return explainFileError(error, path);
  }
  throw new Error('it went well');
};

test.each([
  ['a directory in the place of a file', '.', (path: string) => readFileSync(path), / is a directory$/],
  [
    'a file in the place of a directory',
    'file',
    (path: string) => mkdirSync(path, { recursive: true }),
    /\/file is no directory$/,
  ],
  [
    'a file above it',
    'file/state',
    (path: string) => mkdirSync(path, { recursive: true }),
    /\/file\/state lies in something that is no directory$/,
  ],
])('%s is told in a sentence, with what to do', (_, name, act, message) => {
  const path = join(directory, name);
  expect(explained(path, () => act(path))).toMatchObject({
    ...{ code: 'bad_request', message: expect.stringMatching(message), hint: expect.stringMatching(/./) },
  });
});

test('what is not known here passes as it is', () => {
  const path = join(directory, 'nothing');
  expect(explained(path, () => readFileSync(path))).toMatchObject({ code: 'ENOENT' });
});
