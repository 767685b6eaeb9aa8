import { Box, Text, useInput, useWindowSize } from 'ink';
import { useState } from 'react';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { createTerminal, type InkTerminal, renderInTerminal, type Terminal } from '../support/terminal.ts';

const open: Terminal[] = [];
afterEach(() => {
  for (const terminal of open.splice(0)) terminal.close();
});
function shown<T extends Terminal>(terminal: T): T {
  open.push(terminal);
  return terminal;
}

function Keys() {
  const [keys, setKeys] = useState<string[]>([]);
  const { columns, rows } = useWindowSize();
  useInput((input, key) => {
    const pressed = Object.entries(key).filter(([, on]) => on === true);
    setKeys((before) => [
      ...before,
      [...pressed.map(([name]) => name), input.trim()].filter(Boolean).join('+'),
    ]);
  });
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      <Text>{`\x1b[1;31mred\x1b[0m 日本 ${columns}x${rows}`}</Text>
      <Text>{`[${keys.join(' ')}]`}</Text>
    </Box>
  );
}

const keys = (): InkTerminal => shown(renderInTerminal(<Keys />, { columns: 60, rows: 10 }));

test('shows what was rendered, with colours and wide characters', async () => {
  const terminal = keys();
  const lines = await terminal.waitFor('60x10');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('red 日本 60x10');
  expect(terminal.cell(0, 0)).toMatchObject({ chars: 'r', foreground: 1, bold: true });
  expect(terminal.cell(4, 0)).toMatchObject({ chars: '日', width: 2, foreground: 'default', bold: false });
  expect(terminal.isAlternateScreen()).toBe(true);
  expect(terminal.bytesWritten()).toBeGreaterThan(0);
});

test('gives each key by itself, and tells Esc from Alt', async () => {
  const terminal = keys();
  await terminal.waitFor('[]');
  expect(terminal.isRawMode()).toBe(true);
  terminal.type('ab');
  terminal.press('down', 'escape', 'j', 'ctrl-d', 'enter');
  await terminal.waitFor('[a b downArrow escape j ctrl+d return');
});

test('what is behind an Esc comes a pause after that was taken, however late', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { stdin, press } = shown(createTerminal());
  press('escape', 'j');
  vi.advanceTimersByTime(60_000);
  expect([stdin.read(), stdin.read()]).toEqual(['\x1b', null]);
  vi.advanceTimersByTime(60_000);
  expect([stdin.read(), stdin.read()]).toEqual(['j', null]);
});

test('resizes', async () => {
  const terminal = keys();
  await terminal.waitFor('60x10');
  terminal.resize(40, 6);
  expect(await terminal.waitFor('40x6')).toHaveLength(6);
});

test('a condition that is never met fails with the screen in the message', async () => {
  const terminal = keys();
  await terminal.waitFor('[]');
  await expect(terminal.waitFor('nowhere', { timeoutMs: 50 })).rejects.toThrow(/nowhere\n\s+0 │red 日本/);
});

test('a terminal without an app takes what is written to it', async () => {
  const terminal = shown(createTerminal({ columns: 10, rows: 3 }));
  terminal.stdout.write('one\ntwo\x1b]0;title\x07');
  await terminal.waitFor('two');
  expect(terminal.screen()).toEqual(['one', 'two', '']);
  expect(terminal.titles()).toEqual(['title']);
  expect(terminal.isAlternateScreen()).toBe(false);
});
