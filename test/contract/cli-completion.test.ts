import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  expect(await complete('rollout', 'status', 'w')).toEqual(['web']);
  expect(await complete('get', 'conf')).toEqual(['configs']);
  expect(await complete('scale', 'web=2', '--nodes', 'test-2')).toEqual(['test-2']);
  expect(await complete('logs', '--tail', '')).toEqual([]);
  expect(await complete('deploy', 'web', '1.0', '--mes')).toEqual(['--message']);
  // What is behind it is text.
  expect(await complete('deploy', '-m', '')).toEqual([]);
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

/** A `sgrid` that completes as the real one just did, and otherwise notes how it was called. */
async function installFake(...words: string[]): Promise<void> {
  const answer = (await complete(...words)).join('\\n');
  const script = `#!/bin/sh\nif [ "$1" = __complete ]; then printf '%s\\n' "$*" >> asked; printf '${answer}\\n'
else printf '%s\\n' "$*" >> ran; fi\n`;
  writeFileSync(join(directory, 'sgrid'), script);
  chmodSync(join(directory, 'sgrid'), 0o755);
  for (const name of ['asked', 'ran']) rmSync(join(directory, name), { force: true });
}
const isThere = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).error === undefined;
const inDirectory = () => ({
  ...{ cwd: directory, encoding: 'utf8' as const, timeout: 20_000 },
  env: { PATH: `${directory}:${process.env.PATH}`, HOME: directory, TERM: 'dumb' },
});
const noted = (name: string): string => readFileSync(join(directory, name), 'utf8');

test.skipIf(!isThere('fish'))(
  'the script for fish, in fish (skipped where that is not installed)',
  async () => {
    writeFileSync(join(directory, 'fish'), (await runSgrid(master, ['completion', 'fish'], directory)).out);
    await installFake('logs', 'web@');
    const ask = (line: string) =>
      spawnSync('fish', ['--no-config', '-c', `source fish; complete -C '${line}'`], inDirectory());
    expect(ask('sgrid logs web@test-2')).toMatchObject({ stdout: 'web@test-2:8002\n', stderr: '' });
    expect(ask('sgrid logs ').stdout.split('\n')).toEqual(
      expect.arrayContaining(['web@test-1:8001', 'web@test-2:8002']),
    );
    expect(noted('asked')).toBe('__complete -- logs web@test-2\n__complete -- logs \n');
  },
);

test.skipIf(!isThere('zsh'))('the script for zsh, in zsh (skipped where that is not installed)', async () => {
  writeFileSync(join(directory, 'zsh'), (await runSgrid(master, ['completion', 'zsh'], directory)).out);
  await installFake('logs', 'web@');
  // A zsh at a terminal of its own, into which the line is typed, and the tab.
  const typed = `zmodload zsh/zpty
zpty shell zsh -fi
zpty -w shell 'PS1=; autoload -U compinit; compinit -u -D; source ./zsh; print READ""Y'
zpty -r shell said '*READY*' || exit 1
zpty -w shell $'sgrid logs web@test-2\t'
until [[ -s ran ]]; do zpty -rt shell said || sleep 0.02; done
zpty -d shell`;
  const { status, stderr } = spawnSync('zsh', ['-fc', typed], inDirectory());
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(noted('ran')).toBe('logs web@test-2:8002\n');
  expect(noted('asked')).toBe('__complete -- logs web@test-2\n');
});
