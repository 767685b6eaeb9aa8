import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { clipboardRoute, clipboardSequence, createAskTmux } from '../../../cockpit/client/clipboard.ts';

const tmux = (options: Record<string, string | null>) => async (option: string) => options[option] ?? null;

test('a terminal gets OSC 52 as it is', async () => {
  expect(await clipboardRoute({}, tmux({}))).toBe('plain');
  expect(clipboardSequence('é\n', 'plain')).toBe(`\x1b]52;c;${Buffer.from('é\n').toString('base64')}\x07`);
});

test('tmux that takes it gets it as it is; else it is told to hand it on; else it is said what to do', async () => {
  const env = { TMUX: '/tmp/tmux-0/default,1,0' };
  expect(await clipboardRoute(env, tmux({ 'set-clipboard': 'on' }))).toBe('plain');
  const external = { 'set-clipboard': 'external' };
  expect(await clipboardRoute(env, tmux({ ...external, 'allow-passthrough': 'on' }))).toBe(
    'tmux-passthrough',
  );
  expect(await clipboardRoute(env, tmux({ ...external, 'allow-passthrough': null }))).toBe(
    'tmux-passthrough',
  );
  await expect(clipboardRoute(env, tmux({ ...external, 'allow-passthrough': 'off' }))).rejects.toThrow(
    'set -g set-clipboard on',
  );
  expect(clipboardSequence('x', 'tmux-passthrough')).toBe('\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\');
});

test('a tmux that does not answer is not taken for one that cannot', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-tmux-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  writeFileSync(join(directory, 'tmux'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  const env = { TMUX: '/tmp/tmux-0/default,1,0', PATH: `${directory}:${process.env.PATH}` };
  await expect(clipboardRoute(env, createAskTmux(env, 50))).rejects.toMatchObject({
    code: 'timeout',
    message: 'tmux did not answer within 0.05 s',
  });
});

test('screen gets it in pieces', async () => {
  expect(await clipboardRoute({ STY: '1.pts' }, tmux({}))).toBe('screen-passthrough');
  const pieces = clipboardSequence('x'.repeat(3000), 'screen-passthrough').split('\x1b\\').slice(0, -1);
  expect(pieces.length).toBeGreaterThan(6);
  expect(pieces.every((piece) => piece.startsWith('\x1bP') && piece.length < 768)).toBe(true);
  expect(pieces.map((piece) => piece.slice(2)).join('')).toBe(clipboardSequence('x'.repeat(3000), 'plain'));
});
