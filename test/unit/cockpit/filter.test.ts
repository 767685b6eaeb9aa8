import { describe, expect, test } from 'vitest';
import { english } from '../../../cockpit/language/translate.ts';
import { compileFilter, type FilterField } from '../../../cockpit/view-model/filter.ts';
import { filterTerms } from '../../../cockpit/view-model/filter-terms.ts';
import { Session } from './support.ts';

interface Thing {
  readonly name: string;
  readonly state: string;
  readonly id: number;
  readonly cpu: number | null;
  readonly bytes: number;
  readonly ageMs: number;
}

const FIELDS: readonly FilterField<Thing>[] = [
  {
    keys: ['state', 'st'],
    texts: ({ state }) => [state],
    words: ({ state }) => [state === 'ok' ? 'healthy' : 'unhealthy'],
  },
  { keys: ['node'], texts: ({ name }) => [name], amount: ({ id }) => id },
  { keys: ['cpu'], isLive: true, unit: 'percent', amount: ({ cpu }) => cpu },
  { keys: ['mem'], isLive: true, unit: 'bytes', amount: ({ bytes }) => bytes },
  { keys: ['age'], unit: 'span', amount: ({ ageMs }) => ageMs },
];

const THINGS: readonly Thing[] = [
  { name: 'Alpha-2', state: 'ok', id: 1, cpu: 10, bytes: 2 ** 20, ageMs: 1000 },
  { name: 'beta', state: 'failed', id: 2, cpu: 50, bytes: 2 ** 30, ageMs: 300_000 },
  { name: 'two words', state: 'ok?', id: 12, cpu: null, bytes: 2 ** 31, ageMs: 172_800_000 },
];

const compiled = (text: string) => compileFilter(text, FIELDS, ({ name, state }) => [name, state], english);
const found = (text: string): number[] => THINGS.filter(compiled(text).test).map(({ id }) => id);

describe('the language of filters', () => {
  test.each([
    ['', [1, 2, 12]],
    ['ALPHA', [1]],
    ['!alpha', [2, 12]],
    ['a !failed', [1]],
    ['"two words"', [12]],
    ['-r ^(alpha|beta)', [1, 2]],
    ['!-r ^(alpha|beta)', [12]],
    ['-r "o w"', [12]],
    ['-f apa', [1]],
    ['-f TWds', [12]],
    ['-f baet', []],
    ['!-f bt', [1, 12]],
    ['state:ok', [1, 12]],
    ['state:=ok', [1]],
    ['!st:ok', [2]],
    ['state:healthy', [1]],
    ['state:unhealthy', [2, 12]],
    ['node:2', [2]],
    ['node:=two words', []],
    ['node:"two words"', [12]],
    ['cpu:>10', [2]],
    ['cpu:>=10%', [1, 2]],
    ['!cpu:>10', [1, 12]],
    ['mem:>1M', [2, 12]],
    ['mem:>=1.5GiB', [12]],
    ['age:<5m', [1]],
    ['age:>1d state:ok', [12]],
    ['state:', [1, 2, 12]],
    ['-r', [1, 2, 12]],
  ])('%s', (text, ids) => {
    expect(compiled(text).problem).toBeNull();
    expect(found(text)).toEqual(ids);
  });

  test.each([
    ['-r (', '"(" is no regular expression'],
    ['foo:1', 'no key "foo" here, but state node cpu mem age'],
    ['cpu:50', 'cpu needs > or <'],
    ['mem:>big', '"big" is no size'],
    ['state:>3', '"state" is no number'],
  ])('%s is named, and the other terms still count', (text, problem) => {
    expect(compiled(text).problem).toContain(problem);
    expect(found(`${text} beta`)).toEqual([2]);
  });

  test('a colon within quotes is text', () => {
    expect(filterTerms('"web:8101"')).toEqual([
      { isInverse: false, kind: 'text', key: null, value: 'web:8101' },
    ]);
  });
});

describe('on the screens', () => {
  test('rows follow live figures only where the filter asks for them', () => {
    const session = Session.ready().keys('i', '/', 'cpu:>50', 'enter');
    expect(session.body().filter((line) => line.includes('running'))).toHaveLength(2);
    expect(session.header()[1]).toContain('/cpu:>50 1 shown');
    session.keys('esc', '/', 'state:unhealthy node:1');
    expect(session.header()[1]).toContain('1 shown');
    expect(session.body().join('\n')).toContain('native-echo');
  });

  test('a problem stays under the cursor, and enter does not keep it', () => {
    const session = Session.ready().keys('i', '/', 'foo:1', 'enter');
    expect(session.status()).toContain('no key "foo" here');
    expect(session.state.prompt).not.toBeNull();
    session.keys('ctrl-u', 'web', 'enter');
    expect(session.state.prompt).toBeNull();
  });

  test('an instance is named as it is called: web@2, @alpha, web@alpha:8101', () => {
    const shown = (text: string): string => Session.ready().keys(`:inst ${text}\r`).header()[1] ?? '';
    expect(shown('web@2')).toContain('/service:=web node:=2 1 shown');
    expect(shown('@alpha')).toContain('/node:=alpha 3 shown');
    expect(shown('web@alpha:8101')).toContain('port:8101 1 shown');
    expect(shown('web@7')).toContain('0 shown');
  });
});
