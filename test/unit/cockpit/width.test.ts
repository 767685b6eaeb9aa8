import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { displayWidth, isNarrow } from '../../../cockpit/format/width.ts';

test('what is taken for narrow without asking is narrow, also side by side', () => {
  const units = Array.from({ length: 0x10000 }, (_, code) => String.fromCharCode(code)).filter(isNarrow);
  // Latin, Greek, Cyrillic, box drawing, blocks, Braille and the tokens of rows are among them.
  for (const each of ['a', 'é', 'Ω', 'Ж', '│', '▁', '⣿', '\ue000']) expect(units).toContain(each);
  expect(units.filter((unit) => stringWidth(unit) !== 1)).toEqual([]);
  expect(stringWidth(units.join(''))).toBe(units.length);
});

test('the others are measured', () => {
  expect(displayWidth('服务')).toBe(4);
  expect(displayWidth('e\u0301')).toBe(1);
  expect(displayWidth('🚀 x')).toBe(4);
  expect(displayWidth('\u200b')).toBe(0);
});
