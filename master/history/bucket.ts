import { type FigureSpan, HISTORY_METRICS } from '../../common/domain/history.ts';

/** What is kept of one series in one span of time. `spans` is in the order of `HISTORY_METRICS`; null is not known. */
export interface FigureBucket {
  readonly samples: number;
  readonly spans: readonly (FigureSpan | null)[];
}

/**
 * Sums of a bucket that is still open, four numbers a metric: least, greatest, sum, samples. A typed array, since 20,000
 * instances have 60,000 of them.
 */
export type Sums = Float64Array;

const FIELDS = 4;
const METRICS = HISTORY_METRICS.length;

export function newSums(): Sums {
  return new Float64Array(METRICS * FIELDS);
}

/** Adds so many samples of which these are least, average and greatest. */
function put(
  sums: Sums,
  metric: number,
  least: number,
  average: number,
  greatest: number,
  samples: number,
): void {
  const at = metric * FIELDS;
  const known = sums[at + 3] ?? 0;
  if (known === 0 || least < (sums[at] ?? 0)) sums[at] = least;
  if (known === 0 || greatest > (sums[at + 1] ?? 0)) sums[at + 1] = greatest;
  sums[at + 2] = (sums[at + 2] ?? 0) + average * samples;
  sums[at + 3] = known + samples;
}

/** Adds one sample of one metric, by its place in `HISTORY_METRICS`. Called 150,000 times a second in a large fleet. */
export function addSample(sums: Sums, metric: number, value: number): void {
  put(sums, metric, value, value, value, 1);
}

export function addBucket(sums: Sums, { samples, spans }: FigureBucket): void {
  spans.forEach((span, metric) => {
    if (span !== null) put(sums, metric, span[0], span[1], span[2], samples);
  });
}

/** What has been added so far; null when that is nothing. */
export function bucketOf(sums: Sums): FigureBucket | null {
  let samples = 0;
  const spans: (FigureSpan | null)[] = [];
  for (let at = 0; at < METRICS * FIELDS; at += FIELDS) {
    const known = sums[at + 3] ?? 0;
    samples = Math.max(samples, known);
    const average = (sums[at + 2] ?? 0) / known;
    spans.push(
      known === 0 ? null : [Math.round(sums[at] ?? 0), Math.round(average), Math.round(sums[at + 1] ?? 0)],
    );
  }
  return samples === 0 ? null : { samples, spans };
}
