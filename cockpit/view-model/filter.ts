import { fuzzyRank } from '../format/fuzzy.ts';
import { parseAmount, type Unit } from '../format/parse-amount.ts';
import type { Translate, Word } from '../language/translate.ts';
import { type FilterTerm, filterTerms } from './filter-terms.ts';

/** Something of a row that `key:value` looks at. */
export interface FilterField<Row> {
  /** The first is the one that is told. */
  readonly keys: readonly string[];
  /** It changes all the time, so that rows come and go. */
  readonly isLive?: boolean;
  /** Texts of which one must hold the value; `=` in front of it asks for the whole. */
  texts?(row: Row, t: Translate): readonly string[];
  /** Words that the value may be, whole: `healthy` is not to find `unhealthy`. */
  words?(row: Row, t: Translate): readonly string[];
  /** A number to compare with; null where there is none, which meets no comparison. */
  amount?(row: Row): number | null;
  readonly unit?: Unit;
}

export interface Filter<Row> {
  test(row: Row): boolean;
  readonly isEmpty: boolean;
  readonly isLive: boolean;
  /** What cannot be understood, for people; that term is left out. Null when all is well. */
  readonly problem: string | null;
}

type Test<Row> = (row: Row) => boolean;

/**
 * The language of `/`: terms that all must hold. A word is looked for in the row's text, upper and lower case alike;
 * `!` turns a term round; `-r` takes the next word as a regular expression, `-f` as letters in their order; `key:value`
 * looks at one thing, numbers with `>`, `<`, `>=`, `<=` or `=`.
 */
export function compileFilter<Row>(
  text: string,
  fields: readonly FilterField<Row>[],
  textsOf: (row: Row, t: Translate) => readonly string[],
  t: Translate,
): Filter<Row> {
  const terms = filterTerms(text);
  const tests: Test<Row>[] = [];
  let isLive = false;
  let problem: string | null = null;
  for (const term of terms) {
    const field = term.key === null ? undefined : fields.find(({ keys }) => keys.includes(term.key ?? ''));
    const test = testOf(term, field, fields, textsOf, t);
    if (typeof test === 'string') {
      problem ??= test;
      continue;
    }
    isLive ||= field?.isLive === true;
    tests.push(term.isInverse ? (row) => !test(row) : test);
  }
  return {
    test: (row) => tests.every((test) => test(row)),
    isEmpty: tests.length === 0,
    isLive,
    problem,
  };
}

/** A test, or what is wrong with the term. */
function testOf<Row>(
  { key, value, kind }: FilterTerm,
  field: FilterField<Row> | undefined,
  fields: readonly FilterField<Row>[],
  textsOf: (row: Row, t: Translate) => readonly string[],
  t: Translate,
): Test<Row> | string {
  if (kind === 'pattern') {
    const pattern = compilePattern(value, t);
    if (typeof pattern === 'string') return pattern;
    return (row) => textsOf(row, t).some((text) => pattern.test(text));
  }
  if (key === null) {
    const needle = value.toLowerCase();
    const holds = (text: string): boolean =>
      kind === 'fuzzy' ? fuzzyRank(needle, text) !== null : text.includes(needle);
    return (row) => textsOf(row, t).some((text) => holds(text.toLowerCase()));
  }
  if (field === undefined) {
    return t('no key "{key}" here, but {keys}; quotes make it text', { key, keys: keysOf(fields) });
  }
  return fieldTest(field, key, value, t);
}

function fieldTest<Row>(
  field: FilterField<Row>,
  key: string,
  value: string,
  t: Translate,
): Test<Row> | string {
  const [, operator = '', operand = ''] = /^([<>]=?|=)?(.*)$/s.exec(value) ?? [];
  if (operand === '') return () => true;
  const { amount, texts, words, unit = 'count' } = field;
  const number = amount === undefined ? null : parseAmount(operand, unit);
  const noAmount = (): string =>
    t('"{operand}" is no {unit} for {key}', { operand, unit: t(UNIT_WORDS[unit]), key });
  if (operator !== '' && operator !== '=') {
    if (amount === undefined)
      return t('"{key}" is no number, so {operator} says nothing about it', { key, operator });
    if (number === null) return noAmount();
    return (row) => compares(amount(row), operator, number);
  }
  if (texts === undefined) {
    if (amount === undefined || number === null) return noAmount();
    if (field.isLive === true && operator === '')
      return t('{key} needs > or <, as in {key}:>{operand}', { key, operand });
    return (row) => amount(row) === number;
  }
  const needle = operand.toLowerCase();
  const isWhole = operator === '=' || number !== null;
  return (row) =>
    (number !== null && amount?.(row) === number) ||
    words?.(row, t).includes(needle) === true ||
    texts(row, t).some((text) =>
      isWhole ? text.toLowerCase() === needle : text.toLowerCase().includes(needle),
    );
}

const UNIT_WORDS: Readonly<Record<Unit, Word>> = {
  count: 'number',
  percent: 'percentage',
  bytes: 'size (512M, 1.5G)',
  span: 'span of time (30s, 5m, 2h, 1d)',
};

function compares(amount: number | null, operator: string, limit: number): boolean {
  if (amount === null) return false;
  if (operator === '>') return amount > limit;
  if (operator === '<') return amount < limit;
  return operator === '>=' ? amount >= limit : amount <= limit;
}

function compilePattern(source: string, t: Translate): RegExp | string {
  try {
    return new RegExp(source, 'iu');
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^.*\/[a-z]*: /, '') : String(error);
    return t('"{pattern}" is no regular expression: {why}', { pattern: source, why });
  }
}

/** A word as it is shown, and in English: filters are handed round. */
export function both(word: Word, t: Translate): readonly string[] {
  return t.language === 'en' ? [word] : [word, t(word)];
}

export function keysOf(fields: readonly { readonly keys: readonly string[] }[]): string {
  return fields.map(({ keys }) => keys[0]).join(' ');
}
