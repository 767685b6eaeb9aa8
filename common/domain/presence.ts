import * as z from 'zod';
import { lineSchema, timestampSchema } from './names.ts';
import { roleSchema } from './role.ts';

/** Where somebody is, without words of any language: whoever shows it has those. */
export const placeSchema = z.object({
  /** The screen's name: `nodes`, `logs`; empty for a connection that shows none. */
  screen: lineSchema(120),
  /** Names of what it shows: the instance whose log it is, the node. */
  about: z.array(lineSchema(160)).max(4).default([]),
});
export type Place = z.infer<typeof placeSchema>;

/** What somebody at a cockpit looks at and does. */
export const activitySchema = placeSchema.extend({
  /** A question on screen or a command under way, in English; empty for looking. */
  doing: lineSchema(160),
});
export type Activity = z.infer<typeof activitySchema>;

export function isSameActivity(a: Activity, b: Activity): boolean {
  return a.screen === b.screen && a.doing === b.doing && a.about.join('\n') === b.about.join('\n');
}

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
