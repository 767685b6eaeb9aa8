import * as z from 'zod';
import { idSchema, timestampSchema } from './names.ts';
import { roleSchema } from './role.ts';

/** A token's name: who is told in events. */
export const tokenNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/,
    'must be 1 to 64 letters, digits, ".", "_", "@" or "-", starting with a letter or digit',
  )
  // Names are told in errors and events: what was mistaken for one must not be.
  .refine((name) => !/^sgrid_[a-z]+_[A-Za-z0-9_-]{43}$/.test(name), 'is a token itself, not its name');

/** How long a token for joining waits for its first use, when nobody says otherwise, in milliseconds: as kubeadm(1) has it. */
export const JOIN_TOKEN_LIFE_MS = 86_400_000;

/** A token without its secret, which nobody keeps. */
export const tokenViewSchema = z.object({
  name: tokenNameSchema,
  role: roleSchema,
  createdAt: timestampSchema,
  createdBy: z.string(),
  /** When it stops working: a token for joining that was used goes on. */
  expiresAt: timestampSchema.nullable(),
  /** The one node that may use it; null for all. */
  nodeId: idSchema.nullable(),
  /** Waits for its first use, which binds it to that node. */
  isUnused: z.boolean(),
});
export type TokenView = z.infer<typeof tokenViewSchema>;
