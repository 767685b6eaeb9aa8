import { english, type Said } from '../../common/domain/said.ts';

/** The same with every sentence as the English text that people read: that its facts go along has tests of its own. */
export function inEnglish<T>(value: T): T {
  return plain(value) as T;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (isSaid(value)) return english(value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => (key === 'said' ? [] : [[key, plain(each)]])),
  );
}

function isSaid(value: object): value is Said {
  return 'text' in value && 'values' in value && Object.keys(value).length === 2;
}
