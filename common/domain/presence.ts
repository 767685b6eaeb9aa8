import * as z from 'zod';
import { lineSchema, timestampSchema } from './names.ts';
import { roleSchema } from './role.ts';

/** What somebody at a cockpit looks at and does. */
export const activitySchema = z.object({
  /** The screen, as the breadcrumbs name it. */
  screen: lineSchema(120),
  /** A question on screen or a command under way; empty for looking. */
  doing: lineSchema(160),
});
export type Activity = z.infer<typeof activitySchema>;

/** One connection of the cockpit link. */
export const sessionSchema = activitySchema.extend({
  sessionId: z.string().min(1).max(64),
  actor: z.string().max(128),
  role: roleSchema,
  /** The address that it came from. */
  from: z.string().max(255),
  /** When it connected, and when what it does last changed; master's clock. */
  since: timestampSchema,
  changedAt: timestampSchema,
});
export type Session = z.infer<typeof sessionSchema>;
