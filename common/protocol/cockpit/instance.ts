import * as z from 'zod';
import { addressSchema } from '../../domain/address.ts';
import { instanceViewSchema, resolutionSchema } from '../../domain/instance.ts';
import {
  confirmSchema,
  idSchema,
  instanceIdsSchema,
  portSchema,
  serviceNameSchema,
} from '../../domain/names.ts';
import { saidFieldSchema } from '../../domain/said.ts';
import { limitsSchema } from '../../domain/service.ts';
import { guardedRequest, request } from '../define.ts';
import { wireErrorSchema } from '../errors.ts';
import { COMMAND_TIMEOUT_MS } from './many-instances.ts';

/** One outcome per instance asked for, in the order asked. `error` is null where it worked. */
const outcomesSchema = z.object({
  outcomes: z.array(
    z.object({
      instanceId: idSchema,
      error: wireErrorSchema.nullable(),
      /** What to know although it worked. */
      warning: z.string().max(4096).optional(),
      /** The warning with its facts apart, for readers of other languages. */
      saidWarning: saidFieldSchema,
    }),
  ),
});
export type InstanceOutcome = z.infer<typeof outcomesSchema>['outcomes'][number];

export const instanceRequests = {
  /** A new instance, stopped and without a release until a rollout puts one on it. */
  'instance.create': request({
    payload: z.object({
      serviceName: serviceNameSchema,
      nodeId: idSchema,
      /** Default: the node's inner address. */
      host: addressSchema.optional(),
      /** Default: the next free one of the service's plan, or near those that it has. */
      port: portSchema.optional(),
      limits: limitsSchema.default({}),
    }),
    result: z.object({ instance: instanceViewSchema }),
    role: 'operator',
  }),
  'instance.start': request({
    payload: z.object({ instanceIds: instanceIdsSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  'instance.stop': guardedRequest({
    payload: z.object({ confirm: confirmSchema, instanceIds: instanceIdsSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  'instance.restart': guardedRequest({
    payload: z.object({ confirm: confirmSchema, instanceIds: instanceIdsSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  /** Other limits, live where it runs: the whole of them, so one that is absent is lifted. What is refused changes nothing. */
  'instance.limit': guardedRequest({
    payload: z.object({ confirm: confirmSchema, instanceIds: instanceIdsSchema, limits: limitsSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  /** Ends the doubt about instances in state `unknown`; see `instance.resolve` of the agent link. */
  'instance.resolve': guardedRequest({
    payload: z.object({ confirm: confirmSchema, instanceIds: instanceIdsSchema, how: resolutionSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
  /** Stop it, and forget it here and on its node. */
  'instance.remove': guardedRequest({
    payload: z.object({ confirm: confirmSchema, instanceIds: instanceIdsSchema }),
    result: outcomesSchema,
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
};
