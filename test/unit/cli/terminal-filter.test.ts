import { expect, test } from 'vitest';
import { createTerminalFilter } from '../../../cockpit/cli/terminal-filter.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);

function filter(chunks: readonly Uint8Array[], colour = true): string {
  const { push, end } = createTerminalFilter({ colour });
  return chunks.map(push).join('') + end();
}

test('plain lines pass as they are, whatever the cuts', () => {
  const text = 'one\nzwei ö 漢\n\nlast without end';
  const whole = bytes(text);
  const single = Array.from(whole, (byte) => Uint8Array.of(byte));
  expect(filter([whole])).toBe(`${text}\n`);
  expect(filter(single)).toBe(`${text}\n`);
});

const isControl = (char: string): boolean => {
  const code = char.codePointAt(0) ?? 0;
  return char !== '\n' && (code < 0x20 || (code >= 0x7f && code < 0xa0));
};

test('colours pass and end with their text; without colour only the text is left', () => {
  const red = [bytes('\x1b[31mred\x1b[0m plain\n')];
  expect(filter(red)).toBe('\x1b[31mred\x1b[0m plain\n');
  expect(filter(red, false)).toBe('red plain\n');
});

test('nothing else that drives a terminal passes', () => {
  const hostile = '\x1b[2J\x1b]0;title\x07\x1b]52;c;aGk=\x1b\\\x9b1m\x1bc\x00\x08x\n';
  const shown = filter([bytes(hostile)], false);
  expect([...shown].filter(isControl)).toEqual([]);
  expect(shown).toContain('title');
});

test('a line without an end is not held for ever', () => {
  const { push } = createTerminalFilter({ colour: true });
  expect(push(Buffer.alloc(70_000, 'a'))).toHaveLength(70_000);
});
