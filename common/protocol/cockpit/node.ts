import * as z from 'zod';
import { addressSchema } from '../../domain/address.ts';
import { desiredStateSchema } from '../../domain/instance.ts';
import { confirmSchema, idSchema, portSchema } from '../../domain/names.ts';
import { drainPlanSchema } from '../../domain/node.ts';
import { restartOptionsSchema, rolloutSchema } from '../../domain/rollout.ts';
import { guardedRequest, request } from '../define.ts';
import { wireErrorSchema } from '../errors.ts';
import { COMMAND_TIMEOUT_MS } from './many-instances.ts';

export const nodeRequests = {
  /**
   * Gives a node up to the next agent that claims it: its machine was replaced. Refused while the node is connected.
   */
  'node.replace': request({
    payload: z.object({ nodeId: idSchema }),
    result: z.object({}),
    role: 'admin',
  }),
  /** A cordoned node gets no new instances; those that it has stay as they are. */
  'node.cordon': request({
    payload: z.object({ nodeId: idSchema, isCordoned: z.boolean() }),
    result: z.object({}),
    role: 'operator',
  }),
  'node.update': request({
    payload: z.object({ nodeId: idSchema, outerAddress: addressSchema.or(z.literal('')) }),
    result: z.object({}),
    role: 'operator',
  }),
  /**
   * Cordons a node, and clears it of what should run on it: a rollout of kind `drain` for each service, which can be followed
   * and ended as any other. Answered when it has begun. What is left may be drained again later.
   */
  'node.drain': guardedRequest({
    payload: z
      .object({
        nodeId: idSchema,
        confirm: confirmSchema,
        /** What can be is moved: a new instance comes up elsewhere before the old one is stopped and removed. */
        move: z.boolean().default(true),
        /** What is not moved is stopped. Without it, that is left as it is. */
        stop: z.boolean().default(false),
        message: z.string().max(1024).default(''),
        options: restartOptionsSchema.default(() => restartOptionsSchema.parse({})),
        /** Only say what would happen. */
        dryRun: z.boolean().default(false),
      })
      .refine(({ move, stop }) => move || stop, 'neither to move nor to stop leaves nothing to do'),
    result: z.object({ plan: drainPlanSchema, rollouts: z.array(rolloutSchema) }),
    role: 'operator',
    timeoutMs: 15_000,
  }),
  /**
   * Takes up the instances that a node reports and this master does not know (its database is empty, or older than they
   * are): with their services and releases, as their node holds them. Nothing is started, stopped or restarted by it.
   */
  'node.adopt': request({
    payload: z.object({
      nodeId: idSchema,
      /** Only say which they are. */
      dryRun: z.boolean().default(false),
    }),
    result: z.object({
      instances: z.array(
        z.object({
          instanceId: idSchema,
          serviceName: z.string(),
          host: z.string(),
          port: portSchema,
          version: z.string().nullable(),
          desired: desiredStateSchema,
          /**
           * Config files that it keeps, and whose text could not be had back: they hold secrets, or were changed by hand. Set
           * and publish them again.
           */
          lostFiles: z.array(z.string()),
          /** Why it could not be taken up; null when it was, or could be. */
          error: wireErrorSchema.nullable(),
        }),
      ),
    }),
    role: 'admin',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  /** Forgets a node that is not connected. */
  'node.remove': guardedRequest({
    payload: z.object({
      confirm: confirmSchema,
      nodeId: idSchema,
      /**
       * With the instances on it, which may go on running there; takes its alias in `confirm`. Without it, a node that has
       * instances is refused.
       */
      force: z.boolean().default(false),
    }),
    result: z.object({}),
    role: 'admin',
  }),
};
