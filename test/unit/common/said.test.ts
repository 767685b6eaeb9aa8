import { expect, test } from 'vitest';
import {
  english,
  factsOf,
  type Said,
  said,
  saidAll,
  saidFieldSchema,
  type Told,
} from '../../../common/domain/said.ts';
import { saidOfJson } from '../../../master/store/said-json.ts';

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

test('many sentences in a row keep their facts', () => {
  const refusals = Array.from({ length: 30 }, (_, at) => said`no port is free on node ${at + 1}`);
  const all = saidAll(['', ...refusals, '']);
  expect(english(all)).toBe(refusals.map(english).join('; '));
  expect(saidFieldSchema.parse(factsOf(all))).toEqual(all);
  expect([saidAll([]), saidAll(['']), saidAll(['', 'one'])]).toEqual(['', '', 'one']);
});

test('what stands deeper than a reader takes is neither sent nor kept, and one that was kept is left out', () => {
  const within = (told: Told): Said => said`because ${told}`;
  const deep = Array.from({ length: 12 }).reduce<Said>(within, said`node ${7} is away`);
  expect(factsOf(deep)).toBeUndefined();
  expect(saidOfJson(JSON.stringify(deep))).toBeUndefined();
  expect(saidOfJson(JSON.stringify(within('it')))).toEqual(within('it'));
});
