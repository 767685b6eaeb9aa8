import { expect, test } from 'vitest';
import { english, factsOf, type Said, said, saidFieldSchema } from '../../../common/domain/said.ts';

/** Grows by the number of places with each level, while what travels grows by their text. */
function nestedPlaces(places: number, levels: number): Said {
  const inner = levels === 1 ? 'ten places' : nestedPlaces(places, levels - 1);
  return { text: '{0}'.repeat(places), values: [inner] };
}

test('a sentence within sentences is taken as it is', () => {
  const told = said`rollout ${7} failed: ${said`node ${'alpha'} is not connected`}`;
  expect(saidFieldSchema.parse(told)).toEqual(told);
  expect(english(told)).toBe('rollout 7 failed: node alpha is not connected');
});

test('one of few bytes that would be a long one is left out, and not made', () => {
  expect(saidFieldSchema.parse(nestedPlaces(341, 1))).toBeDefined();
  for (const levels of [2, 4, 8]) {
    expect(saidFieldSchema.parse(nestedPlaces(341, levels))).toBeUndefined();
    expect(factsOf(nestedPlaces(341, levels))).toBeUndefined();
  }
});
