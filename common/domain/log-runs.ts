import * as z from 'zod';
import { logPositionSchema } from './log.ts';
import { timestampSchema } from './names.ts';

/** Where the output of one run of a program lies in the instance's `stdout`. */
export const logRunSchema = z.object({
  /** Unique for ever. */
  runId: z.string().min(1).max(64),
  /** When it was to be started, the node's clock. */
  startedAt: timestampSchema,
  /** Null while it runs. */
  endedAt: timestampSchema.nullable(),
  start: logPositionSchema,
  /** Behind its last line; null while it runs. */
  end: logPositionSchema.nullable(),
});
export type LogRun = z.infer<typeof logRunSchema>;
