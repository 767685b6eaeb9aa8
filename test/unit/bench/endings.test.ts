import type { ChildProcess } from 'node:child_process';
import { EventEmitter } from 'node:events';
import {
  appendFileSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { answer } from '../../bench/fleet/children.ts';
import { createEndings } from '../../bench/frame/endings.ts';
import { writeWhole } from '../../bench/frame/write-whole.ts';
import { follow } from '../../bench/rig/follower.ts';
import { createRunner } from '../../bench/rig/run.ts';

test('what still runs at the end is killed, and nothing is begun behind it', async () => {
  const endings = createEndings();
  const run = createRunner({ onEnd: endings.add });
  await expect(run('echo', ['word'])).resolves.toBe('word\n');
  const sleeping = run('sleep', ['1000000']).catch((error: unknown) => error);
  await endings.run();
  expect(await sleeping).toMatchObject({ signal: 'SIGKILL' });
  await expect(run('echo', ['word'])).rejects.toThrow('not begun at the end');
});

test('an answer leaves no listener behind; the end of who should answer is an error', async () => {
  const child = new EventEmitter() as ChildProcess;
  const answered = answer<string>(child, 'it');
  child.emit('message', 'word');
  expect(await answered).toBe('word');
  expect(child.eventNames()).toEqual([]);
  const unanswered = answer<string>(child, 'it');
  child.emit('exit', 1);
  await expect(unanswered).rejects.toThrow('it ended');
});

test('a follower that was killed has ended, as one that ended by itself', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-bench-follower-'));
  const endings = createEndings();
  onTestFinished(async () => {
    await endings.run();
    rmSync(directory, { recursive: true });
  });
  const file = join(directory, 'log');
  // Says its own pid, so that it can be killed, and shows what is appended.
  const script = `echo "$$" >'${directory}/pid'; : >>'${file}'; exec tail -n 0 -F '${file}'`;
  const speaker = {
    tell: async (command: string) => appendFileSync(file, `${command.replace('say ', '')}\n`),
    silentMs: 1,
    follow: { file: 'sh', args: ['-c', script], env: process.env },
  };
  const context = { directory, onEnd: endings.add } as never;
  const follower = await follow(speaker, context);
  expect(follower.hasEnded()).toBe(false);
  process.kill(Number(readFileSync(join(directory, 'pid'), 'utf8')), 'SIGKILL');
  await follower.ended;
  expect(follower.hasEnded()).toBe(true);
  expect(follower.trouble()).toContain('SIGKILL');
});

test('a file is written whole, and what is no regular file is not replaced', () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-bench-write-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeWhole(join(directory, 'a'), 'one');
  writeWhole(join(directory, 'a'), 'two');
  expect(readFileSync(join(directory, 'a'), 'utf8')).toBe('two');
  symlinkSync('/dev/null', join(directory, 'null'));
  writeWhole(join(directory, 'null'), 'three');
  expect(lstatSync(join(directory, 'null')).isSymbolicLink()).toBe(true);
  expect(readdirSync(directory).sort()).toEqual(['a', 'null']);
});
