import { parseArgs } from 'node:util';

export const USAGE = `usage: npm run bench -- [NAME...] [--quick] [--json FILE] [--set NAME=NUMBER]... [--rounds N] [--guard] [--list]

Without a name all benches are run. A full run writes docs/BENCHMARKS.md.
  --quick            each bench under 50 s; nothing is written to docs/
  --json FILE        one JSON object a bench, one a line
  --set NAME=NUMBER  changes an option of a bench, such as minutes=30; nothing is written to docs/
  --rounds N         other than five; nothing is written to docs/
  --guard            quick, three rounds, only benches with a guard; exit status 1 when one is not held
`;

const GUARD_ROUNDS = '3';

export interface BenchArguments {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly list: boolean;
  readonly guard: boolean;
  readonly json: string | undefined;
  readonly rounds: number | undefined;
  readonly set: ReadonlyMap<string, number>;
}

/** @throws Error that says which argument is wrong */
export function parseArguments(argv: readonly string[], known: readonly string[]): BenchArguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      guard: { type: 'boolean', default: false },
      json: { type: 'string' },
      rounds: { type: 'string' },
      set: { type: 'string', multiple: true, default: [] },
    },
  });
  const stranger = positionals.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new Error(`there is no bench "${stranger}": ${known.join(', ')}`);
  const { list, guard, json } = values;
  const rounds = values.rounds ?? (guard ? GUARD_ROUNDS : undefined);
  return {
    names: positionals.length === 0 ? known : positionals,
    ...{ quick: values.quick || guard, list, guard, json },
    rounds: rounds === undefined ? undefined : wholeNumber('--rounds', rounds),
    set: new Map(values.set.map(parseSetting)),
  };
}

function wholeNumber(what: string, text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Error(`${what} "${text}" is not a whole number above 0`);
}

function parseSetting(text: string): [string, number] {
  const [, name = '', number = ''] = /^([\w-]+)=(.+)$/.exec(text) ?? [];
  if (name !== '' && Number.isFinite(Number(number))) return [name, Number(number)];
  throw new Error(`--set "${text}" is not NAME=NUMBER`);
}
