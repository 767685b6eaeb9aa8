import { expect, test } from 'vitest';
import { dependencyCycle } from '../../../common/domain/service.ts';

const specs = (graph: Record<string, string[]>) =>
  Object.entries(graph).map(([name, dependsOn]) => ({ name, dependsOn }));

test.each<[string, Record<string, string[]>, string | undefined, string[] | null]>([
  ['nobody waits', { a: [], b: [] }, undefined, null],
  ['a chain', { a: ['b'], b: ['c'], c: [] }, undefined, null],
  ['a diamond', { a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, undefined, null],
  ['two wait for each other', { a: ['b'], b: ['a'] }, undefined, ['a', 'b', 'a']],
  ['for itself', { a: ['a'] }, undefined, ['a', 'a']],
  ['a circle of three, seen from one of them', { a: ['b'], b: ['c'], c: ['a'] }, 'b', ['b', 'c', 'a', 'b']],
  ['who waits for a circle is no part of it', { a: ['b'], b: ['c'], c: ['b'] }, 'a', null],
  ['but it is there', { a: ['b'], b: ['c'], c: ['b'] }, undefined, ['b', 'c', 'b']],
  ['a service that does not exist', { a: ['nobody'] }, undefined, null],
  ['a circle through one that does not exist', { a: ['nobody'], b: ['a'] }, 'nobody', null],
  ['the shortest', { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['a'] }, 'a', ['a', 'd', 'a']],
])('%s', (_name, graph, through, expected) => {
  expect(dependencyCycle(specs(graph), through)).toEqual(expected);
});
