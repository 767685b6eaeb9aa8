import type { Bench, FigureDefinition, Sample, Target } from './bench.ts';
import type { Machine } from './machine.ts';
import type { Samples } from './run-rounds.ts';
import { median, rounded } from './statistics.ts';

/** One figure of a bench, over all its rounds. */
export interface FigureResult {
  readonly name: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Medians of the rounds; of ours the worst where the figure says so. */
  readonly ours: number;
  readonly peers: Readonly<Record<string, number>>;
  /** The middle of the quotients of each round, ours by the peer's; none where one of them is not above 0. */
  readonly ratios: Readonly<Record<string, number>>;
  /** Least and greatest of ours. */
  readonly spread: readonly [number, number];
  readonly target: readonly Target[];
  readonly reached: boolean;
  /** Whether its guard is held; true without one. */
  readonly guarded: boolean;
  readonly rounds: readonly { readonly ours: number; readonly peers: Readonly<Record<string, number>> }[];
}

/** What is written to `--json`: the bench's first figure, with the others behind it. */
export interface BenchResult extends FigureResult {
  /** Ours by the first peer's; null without one. */
  readonly ratio: number | null;
  /** All figures, this one included. */
  readonly figures: readonly (Omit<FigureResult, 'name'> & { readonly name: string })[];
  readonly what: string;
  readonly lost: number;
  readonly peersLost: Readonly<Record<string, number>>;
  /** Why the figures are worth nothing; empty when they are not. */
  readonly wrong: readonly string[];
  readonly quick: boolean;
  readonly machine: Machine;
  /** ISO 8601. */
  readonly date: string;
}

/** Medians, ratios, and whether the targets are reached. */
export function judge(
  name: string,
  bench: Bench,
  samples: Samples,
  about: { quick: boolean; machine: Machine; date: string },
): BenchResult {
  const figures = Object.entries(bench.figures)
    .filter(([figure, definition]) => isTaken(figure, definition, samples))
    .map(([figure, definition]) => judgeFigure(figure, definition, samples));
  const wrong = wrongOf(
    samples,
    figures.map((figure) => figure.name),
  );
  const [first] = figures;
  if (first === undefined) throw new Error(`${name} defines no figure`);
  const [peer = ''] = bench.peers;
  return {
    ...first,
    name,
    what: bench.what,
    ratio: first.ratios[peer] ?? null,
    reached: wrong.length === 0 && figures.every((figure) => figure.reached),
    guarded: figures.every((figure) => figure.guarded),
    figures,
    lost: lostOf(samples.ours),
    peersLost: Object.fromEntries(Object.entries(samples.peers).map(([of, its]) => [of, lostOf(its)])),
    wrong,
    ...about,
  };
}

const isTaken = (name: string, { targets, guard }: FigureDefinition, { ours }: Samples): boolean =>
  targets.length > 0 || guard !== undefined || ours.some(({ values }) => values[name] !== undefined);

function judgeFigure(name: string, definition: FigureDefinition, samples: Samples): FigureResult {
  const { unit, better, targets, guard, summary } = definition;
  const values = samples.ours.map((sample) => sample.values[name] ?? Number.NaN);
  const spread = [Math.min(...values), Math.max(...values)] as const;
  const ours = summary === 'worst' ? spread[better === 'lower' ? 1 : 0] : median(values);
  const peers: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const [peer, its] of Object.entries(samples.peers)) {
    const theirs = its.map((sample) => sample.values[name]).filter((value) => value !== undefined);
    if (theirs.length === 0) continue;
    peers[peer] = rounded(median(theirs));
    // Less than nothing is no multiple of anything.
    if ([...values, ...theirs].every((value) => value > 0))
      ratios[peer] = rounded(median(theirs.map((value, at) => (values[at] ?? Number.NaN) / value)));
  }
  return {
    ...{ name, unit, better, ours: rounded(ours), peers, ratios },
    spread: [rounded(spread[0]), rounded(spread[1])],
    target: targets,
    reached: targets.every((target) => isReached(target, better, ours, ratios)),
    guarded: guard === undefined || isReached(guard, better, ours, ratios),
    rounds: values.map((value, at) => ({
      ours: rounded(value),
      peers: Object.fromEntries(
        Object.entries(samples.peers).flatMap(([peer, its]) => {
          const theirs = its[at]?.values[name];
          return theirs === undefined ? [] : [[peer, rounded(theirs)]];
        }),
      ),
    })),
  };
}

/** NaN reaches nothing. */
export function isReached(
  target: Target,
  better: 'higher' | 'lower',
  ours: number,
  ratios: Readonly<Record<string, number>>,
): boolean {
  const [is, wanted] =
    'value' in target ? [ours, target.value] : [ratios[target.peer] ?? Number.NaN, target.times];
  return better === 'higher' ? is >= wanted : is <= wanted;
}

const lostOf = (samples: readonly Sample<string, 'peer'>[]): number =>
  samples.reduce((sum, { lost = 0 }) => sum + lost, 0);

function wrongOf({ ours, peers }: Samples, figures: readonly string[]): string[] {
  const lost = lostOf(ours);
  const wrong = (who: string, samples: readonly Sample<string, 'peer'>[]): string[] =>
    samples.flatMap((sample) => (sample.wrong === undefined ? [] : [`${who}: ${sample.wrong}`]));
  return [
    ...(lost > 0 ? [`ours lost ${lost}`] : []),
    ...wrong('ours', ours),
    ...Object.entries(peers).flatMap(([peer, its]) => wrong(peer, its)),
    ...(ours.some(({ values }) => figures.some((figure) => !Number.isFinite(values[figure])))
      ? ['a figure of ours is not a number']
      : []),
    ...Object.entries(peers).flatMap(([peer, its]) =>
      its.some(({ values }) => Object.values(values).some((value) => !Number.isFinite(value)))
        ? [`a figure of ${peer} is not a number`]
        : [],
    ),
  ];
}
