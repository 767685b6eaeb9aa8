import * as z from 'zod';
import { idSchema, timestampSchema } from './names.ts';
import { saidFieldSchema } from './said.ts';

/**
 * What of the figures is kept over time. Pressure and throttling in per mille as in `figures.ts`; the load is the one minute
 * average in hundredths. An instance has no load and a machine is not throttled: nothing is known of that.
 */
export const HISTORY_METRICS = [
  'cpuMillicores',
  'memoryBytes',
  'throttledPermille',
  'cpuPressurePermille',
  'memoryPressurePermille',
  'ioPressurePermille',
  'loadHundredths',
] as const;
export type HistoryMetric = (typeof HISTORY_METRICS)[number];

/** Least, average and greatest of the samples of a span of time. */
export const figureSpanSchema = z.tuple([
  z.int().nonnegative(),
  z.int().nonnegative(),
  z.int().nonnegative(),
]);
export type FigureSpan = z.infer<typeof figureSpanSchema>;

export const MAX_HISTORY_POINTS = 2_000;

const rangeShape = {
  /** Master's clock. */
  from: timestampSchema,
  to: timestampSchema,
  /** At most so many points come back, evenly apart. */
  points: z.int().min(1).max(MAX_HISTORY_POINTS).default(240),
};

/** Figures of a node, or of an instance, between two times. */
export const historyRequestSchema = z
  .union([z.object({ nodeId: idSchema, ...rangeShape }), z.object({ instanceId: idSchema, ...rangeShape })])
  .refine(({ from, to }) => from < to, { path: ['to'], message: 'must be later than from' });

export const figuresOverTimeSchema = z.object({
  /** When the first point begins, master's clock. */
  from: timestampSchema,
  /** How much time a point covers, in milliseconds: at least 10 s. */
  stepMs: z.int().positive(),
  /** By metric, a point per step; null where nothing was sampled or nothing is known. */
  metrics: z.record(z.enum(HISTORY_METRICS), z.array(figureSpanSchema.nullable())),
  /** What keeps the master from writing it down, for people; empty when all is well. */
  problem: z.string().max(4096),
  /** The problem with its facts apart, for readers of other languages. */
  saidProblem: saidFieldSchema,
});
export type FiguresOverTime = z.infer<typeof figuresOverTimeSchema>;
