import { expect, test } from 'vitest';
import { fairShares } from '../../../cockpit/format/fair-shares.ts';

test.each([
  ['all that is wanted, with room for it', [2, 0, 3], 4, 40, [2, 0, 3]],
  ['the least, without room', [9, 0, 9], 4, 3, [4, 0, 4]],
  ['what is left goes evenly', [30, 30, 30], 4, 20, [7, 7, 6]],
  ['who wants little leaves it to the rest', [1, 30, 6], 4, 20, [1, 13, 6]],
] as const)('%s', (_, wanted, least, room, shares) => {
  expect(fairShares(wanted, least, room)).toEqual(shares);
});
