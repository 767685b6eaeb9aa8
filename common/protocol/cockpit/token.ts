import * as z from 'zod';
import { roleSchema } from '../../domain/role.ts';
import { tokenNameSchema, tokenViewSchema } from '../../domain/token.ts';
import { request } from '../define.ts';

export const tokenRequests = {
  'token.list': request({
    payload: z.object({}),
    result: z.object({ tokens: z.array(tokenViewSchema) }),
    role: 'admin',
  }),
  /** The secret is told here and nowhere else. */
  'token.create': request({
    payload: z.object({
      name: tokenNameSchema,
      role: roleSchema,
      /** Of role agent: lets one node join, to which it belongs from then on. */
      isJoin: z.boolean().default(false),
      /** In milliseconds; default: never. Of a token for joining: the time for its first use; default: a day. */
      expiresInMs: z
        .int()
        .min(1_000)
        .max(10 * 365 * 86_400_000)
        .optional(),
    }),
    result: z.object({ token: tokenViewSchema, secret: z.string() }),
    role: 'admin',
  }),
  /** Another secret for the same name. The old one stops working, and its connections are cut, at once. */
  'token.rotate': request({
    payload: z.object({ name: tokenNameSchema }),
    result: z.object({ token: tokenViewSchema, secret: z.string() }),
    role: 'admin',
  }),
  /** It stops working, and its connections are cut, at once. Not the last one of role admin. */
  'token.revoke': request({
    payload: z.object({ name: tokenNameSchema }),
    result: z.object({}),
    role: 'admin',
  }),
};
