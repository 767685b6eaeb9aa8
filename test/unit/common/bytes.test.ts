import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { bytesSchema, toWireBytes } from '../../../common/domain/bytes.ts';

test.each([0, 1, 2, 3, 110, 4096, 4097, 70_000])('%i bytes are read as they were sent', (length) => {
  const bytes = Uint8Array.from(randomBytes(length));
  const sent = toWireBytes(bytes);
  expect(typeof sent).toBe(length <= 4096 ? 'string' : 'object');
  expect(Buffer.compare(bytesSchema.parse(sent), bytes)).toBe(0);
});

test('of a part of a buffer only that part is sent', () => {
  const part = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
  expect([...bytesSchema.parse(toWireBytes(part))]).toEqual([2, 3]);
});

test.each([['not base64!'], ['AAA'], ['A'.repeat(5468)], [[1, 2]], [null]])('%j is refused', (sent) => {
  expect(bytesSchema.safeParse(sent).success).toBe(false);
});
