import { expect, test } from 'vitest';
import { clipboardRoute, clipboardSequence } from '../../../cockpit/client/clipboard.ts';

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

test('screen gets it in pieces', async () => {
  expect(await clipboardRoute({ STY: '1.pts' }, tmux({}))).toBe('screen-passthrough');
  const pieces = clipboardSequence('x'.repeat(3000), 'screen-passthrough').split('\x1b\\').slice(0, -1);
  expect(pieces.length).toBeGreaterThan(6);
  expect(pieces.every((piece) => piece.startsWith('\x1bP') && piece.length < 768)).toBe(true);
  expect(pieces.map((piece) => piece.slice(2)).join('')).toBe(clipboardSequence('x'.repeat(3000), 'plain'));
});
