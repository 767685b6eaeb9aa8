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
function put(sums: Sums, metric: number, [least, average, greatest]: FigureSpan, samples: number): void {
  const at = metric * FIELDS;
  const known = sums[at + 3] ?? 0;
  sums[at] = known === 0 ? least : Math.min(sums[at] ?? 0, least);
  sums[at + 1] = known === 0 ? greatest : Math.max(sums[at + 1] ?? 0, greatest);
  sums[at + 2] = (sums[at + 2] ?? 0) + average * samples;
  sums[at + 3] = known + samples;
}

/** @param values in the order of `HISTORY_METRICS`; null is not known */
export function addSample(sums: Sums, values: readonly (number | null)[]): void {
  values.forEach((value, metric) => {
    if (value !== null) put(sums, metric, [value, value, value], 1);
  });
}

export function addBucket(sums: Sums, { samples, spans }: FigureBucket): void {
  spans.forEach((span, metric) => {
    if (span !== null) put(sums, metric, span, samples);
  });
}

/** What has been added so far; null when that is nothing. */
export function bucketOf(sums: Sums): FigureBucket | null {
  let samples = 0;
  const spans: (FigureSpan | null)[] = [];
  for (let metric = 0; metric < METRICS; metric++) {
    const [least = 0, greatest = 0, sum = 0, known = 0] = sums.subarray(
      metric * FIELDS,
      (metric + 1) * FIELDS,
    );
    samples = Math.max(samples, known);
    spans.push(known === 0 ? null : [Math.round(least), Math.round(sum / known), Math.round(greatest)]);
  }
  return samples === 0 ? null : { samples, spans };
}
