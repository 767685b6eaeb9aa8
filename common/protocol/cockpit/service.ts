import * as z from 'zod';
import { confirmSchema, idSchema, serviceNameSchema } from '../../domain/names.ts';
import { restartOptionsSchema, rolloutSchema } from '../../domain/rollout.ts';
import { serviceSchema, serviceSpecSchema, serviceUpdateEffectSchema } from '../../domain/service.ts';
import { guardedRequest, request } from '../define.ts';
import { COMMAND_TIMEOUT_MS } from './many-instances.ts';

export const serviceRequests = {
  'service.list': request({
    payload: z.object({}),
    result: z.object({ services: z.array(serviceSchema) }),
    role: 'viewer',
  }),
  'service.create': request({
    payload: z.object({ spec: serviceSpecSchema }),
    result: z.object({ service: serviceSchema }),
    role: 'operator',
  }),

  /**
   * Puts another specification in the place of the one that a service of this name has. Instances whose program is
   * started with something else now are restarted by a rollout of kind `restart`, and go on with what they were started with
   * until it is their turn, or if that never comes; on a node that is away, when it is back. The rest applies to them as
   * they run.
   */
  'service.update': guardedRequest({
    payload: z.object({
      confirm: confirmSchema,
      spec: serviceSpecSchema,
      /** How they are restarted. */
      options: restartOptionsSchema.default(() => restartOptionsSchema.parse({})),
      /** Only say what would happen. */
      dryRun: z.boolean().default(false),
    }),
    result: z.object({
      service: serviceSchema,
      /** The one that restarts instances; null where none has to be. */
      rollout: rolloutSchema.nullable(),
      /** Every instance that gets a new assignment. */
      instances: z.array(z.object({ instanceId: idSchema, effect: serviceUpdateEffectSchema })),
    }),
    role: 'operator',
  }),
  /** With its releases and the history of its rollouts. */
  'service.remove': guardedRequest({
    payload: z.object({
      confirm: confirmSchema,
      serviceName: serviceNameSchema,
      /** Remove its instances first; takes its name in `confirm`. Without it, a service that has instances is refused. */
      force: z.boolean().default(false),
    }),
    result: z.object({}),
    role: 'operator',
    timeoutMs: COMMAND_TIMEOUT_MS,
  }),
};
