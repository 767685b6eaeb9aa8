import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parsePressure, readPressure } from '../../../node/stats/pressure.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/proc/${name}.txt`, import.meta.url), 'utf8');

test('some avg10 in per mille, never avg60, never full', () => {
  expect(parsePressure(fixture('pressure-cpu'))).toBe(221);
  expect(parsePressure(fixture('pressure-io'))).toBe(0);
  expect(parsePressure('some avg10=0.25 avg60=9.00 avg300=9.00 total=1\n')).toBe(3);
  expect(parsePressure('some avg10=100.00 avg60=0.00 avg300=0.00 total=1\n')).toBe(1000);
});

test('what the kernel does not tell is null, and one resource does not hide the others', () => {
  expect(parsePressure(null)).toBeNull();
  expect(parsePressure('full avg10=7.00 avg60=0.00 avg300=0.00 total=0\n')).toBeNull();
  const pressure = readPressure((resource) => {
    if (resource === 'memory') throw new Error('EOPNOTSUPP');
    return resource === 'io' ? null : 'some avg10=1.00 avg60=0.00 avg300=0.00 total=0\n';
  });
  expect(pressure).toEqual({ cpu: 10, memory: null, io: null });
});
