import * as z from 'zod';

/**
 * Roles of tokens. `viewer` < `operator` < `admin` form a ladder; `agent` stands beside it and opens
 * only the agent link.
 */
export const roleSchema = z.enum(['agent', 'viewer', 'operator', 'admin']);
export type Role = z.infer<typeof roleSchema>;

const LADDER: readonly Role[] = ['viewer', 'operator', 'admin'];

/** Whether `role` includes everything that `needed` may do. */
export function roleIncludes(role: Role, needed: Role): boolean {
  if (role === 'agent' || needed === 'agent') return role === needed;
  return LADDER.indexOf(role) >= LADDER.indexOf(needed);
}
