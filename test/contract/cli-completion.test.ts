import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startMaster, type TestMaster } from '../support/master.ts';
import { runSgrid } from '../support/sgrid.ts';
import { closeAll, createWebFleet, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-completion-'));
  master = await startMaster();
  fleet = await createWebFleet(master, 2);
});
afterAll(async () => {
  closeAll(fleet);
  await master.close();
  rmSync(directory, { recursive: true, force: true });
});

async function complete(...words: string[]): Promise<string[]> {
  const { code, out, err } = await runSgrid(master, ['__complete', '--', ...words], directory);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.split('\n').filter((line) => line !== '');
}

test('commands, options, choices, and live names', async () => {
  expect(await complete('desc')).toEqual(['describe']);
  expect(await complete('node', 'dr')).toEqual(['drain']);
  expect(await complete('get', 'instances', '--wat')).toEqual(['--watch']);
  expect(await complete('get', 'nodes', '-o', 'json')).toEqual(['json', 'jsonl']);
  expect(await complete('get', 'node', '')).toEqual(['test-1', 'test-2']);
  expect(await complete('logs', '--tail', '5', 'web@test-1')).toEqual(['web@test-1:8001']);
  expect(await complete('restart', 'web@test-1:8001', 'web@test-2')).toEqual(['web@test-2:8002']);
  expect(await complete('deploy', '')).toEqual(['web']);
  expect(await complete('scale', 'web=2', '--nodes', 'test-2')).toEqual(['test-2']);
  expect(await complete('logs', '--tail', '')).toEqual([]);
  expect(await complete('__c')).toEqual([]);
});

test('without a master: nothing, and no word of it', async () => {
  const away = { ...master, url: 'http://127.0.0.1:9' };
  expect(await runSgrid(away, ['__complete', '--', 'logs', ''], directory)).toEqual({
    code: 0,
    out: '',
    err: '',
  });
});

test('the script for bash, in bash, with an instance that has a colon in its name', async () => {
  const { out: script } = await runSgrid(master, ['completion', 'bash'], directory);
  const answer = (await complete('logs', 'web@')).join('\\n');
  writeFileSync(join(directory, 'sgrid'), `#!/bin/sh\nprintf '%s\\n' "$*" >> asked\nprintf '${answer}\\n'\n`);
  chmodSync(join(directory, 'sgrid'), 0o755);
  const line = 'sgrid logs web@test-1:8';
  const { stdout, stderr } = spawnSync(
    'bash',
    [
      '--norc',
      '-c',
      `${script}\nCOMP_LINE='${line}' COMP_POINT=${line.length} COMP_WORDS=(sgrid logs web @ test-1 : 8) COMP_CWORD=6\n_sgrid\nprintf '%s\\n' "\${COMPREPLY[@]}"; cat asked`,
    ],
    { cwd: directory, encoding: 'utf8', env: { PATH: `${directory}:${process.env.PATH}` } },
  );
  expect(stderr).toBe('');
  expect(stdout).toBe('8001\n__complete -- logs web@test-1:8\n');
});

test.each(['zsh', 'fish'])('the script for %s, where that is installed, is one', async (shell) => {
  const { code, out } = await runSgrid(master, ['completion', shell], directory);
  expect(code).toBe(0);
  expect(out).toContain('sgrid __complete --');
  const file = join(directory, shell);
  writeFileSync(file, out);
  const { error, status } = spawnSync(shell, ['-n', file]);
  if (error === undefined) expect(status).toBe(0);
});
