import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { formatTable } from '../../../cockpit/cli/table.ts';
import { reconnectDelayMs } from '../../../cockpit/client/backoff.ts';
import { explainConnectError, isFinal } from '../../../cockpit/client/connect-error.ts';
import { readTokenFile } from '../../../cockpit/client/token-file.ts';
import { said } from '../../../common/domain/said.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-token-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

test('the pause before the next attempt doubles up to five seconds, with its upper half at random', () => {
  expect([1, 2, 3, 4, 5, 6, 99].map((failures) => reconnectDelayMs(failures, 0))).toEqual([
    200, 400, 800, 1600, 2500, 2500, 2500,
  ]);
  expect(reconnectDelayMs(1, 0.5)).toBe(300);
  expect(reconnectDelayMs(99, 0.999)).toBeLessThanOrEqual(5000);
});

test('a token file: its token, and a warning when others may read it', () => {
  const file = join(directory, 'token');
  writeFileSync(file, '  sgrid_viewer_abc\n', { mode: 0o600 });
  expect(readTokenFile(file)).toEqual({ token: 'sgrid_viewer_abc', warning: null });
  chmodSync(file, 0o640);
  expect(readTokenFile(file).warning).toContain('chmod 600');
});

test('a token file that cannot be used is named', () => {
  const file = join(directory, 'token');
  expect(() => readTokenFile(file)).toThrow(
    expect.objectContaining({ code: 'bad_request', message: `token file ${file} does not exist` }),
  );
  expect(() => readTokenFile(directory)).toThrow(expect.objectContaining({ code: 'bad_request' }));
  writeFileSync(file, '\n');
  expect(() => readTokenFile(file)).toThrow(/is empty/);
  writeFileSync(file, 'two words');
  expect(() => readTokenFile(file)).toThrow(/more than one word/);
});

test('the master’s refusal is told in its words, a lost line in ours', () => {
  const refusal = { code: 'unauthenticated', message: 'who are you' } as const;
  expect(explainConnectError(Object.assign(new Error('x'), { data: refusal }), 'http://m')).toEqual(refusal);
  expect(isFinal(refusal)).toBe(true);
  const refused = Object.assign(new Error('websocket error'), {
    description: { error: { code: 'ECONNREFUSED' } },
  });
  const explained = explainConnectError(refused, 'http://m');
  expect(explained).toMatchObject({
    code: 'disconnected',
    message: 'no master answers at http://m: connection refused',
  });
  expect(explained.said).toEqual(said`no master answers at ${'http://m'}: ${said`connection refused`}`);
  expect(isFinal(explained)).toBe(false);
  expect(explainConnectError(new Error('timeout'), 'http://m').message).toContain('timeout');
});

test('a table is padded by display width, and text from outside cannot break it', () => {
  const lines = formatTable(
    [
      { title: 'NAME', text: (row: { name: string; n: number }) => row.name },
      { title: 'N', align: 'right', text: ({ n }) => String(n) },
    ],
    [
      { name: '漢字', n: 5 },
      { name: 'a\x1b[2Jb\nc', n: 1000 },
      { name: '', n: 1 },
    ],
  );
  expect(lines).toEqual(['NAME         N', '漢字         5', 'a?[2Jb c  1000', '-            1']);
});
