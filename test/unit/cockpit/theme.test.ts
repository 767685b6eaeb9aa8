import { describe, expect, test } from 'vitest';
import { createTheme } from '../../../cockpit/components/theme.ts';

describe('NO_COLOR', () => {
  const plain = createTheme({ NO_COLOR: '1' });

  test.each([
    ['31', 'x'],
    ['1;31', '\x1b[1mx\x1b[0m'],
    ['4;38;5;208;48;2;1;2;3', '\x1b[4mx\x1b[0m'],
    ['7;97;101', '\x1b[7mx\x1b[0m'],
  ])('takes the colours out of a log line that brings %s along, and leaves the rest', (sgr, painted) => {
    expect(plain.paint({ text: 'x', sgr })).toBe(painted);
  });

  test('without it the colours of a log stay', () => {
    expect(createTheme({}).paint({ text: 'x', sgr: '1;31' })).toBe('\x1b[1;31mx\x1b[0m');
  });
});
