import * as z from 'zod';
import { addressSchema } from '../domain/address.ts';
import {
  configActionSchema,
  configDeliverySchema,
  configFileNameSchema,
  configFileSchema,
  configMessageSchema,
  configPublicationSchema,
  configSecretSchema,
  configVersionSchema,
  MAX_CONFIG_FILE_BYTES,
  MAX_SECRET_BYTES,
  secretNameSchema,
} from '../domain/config-file.ts';
import { eventSchema } from '../domain/event.ts';
import { figuresHistorySchema } from '../domain/figures.ts';
import { fleetFrameSchema, fleetScopeSchema, fleetSnapshotSchema } from '../domain/fleet.ts';
import { figuresOverTimeSchema, historyRequestSchema } from '../domain/history.ts';
import { desiredStateSchema, instanceViewSchema, resolutionSchema } from '../domain/instance.ts';
import { logFileSchema, logReadRequestSchema, logReadResultSchema } from '../domain/log.ts';
import { logRunSchema } from '../domain/log-runs.ts';
import { logSearchRequestSchema, logSearchResultSchema } from '../domain/log-search.ts';
import { confirmSchema, idSchema, portSchema, serviceNameSchema, timestampSchema } from '../domain/names.ts';
import { drainPlanSchema } from '../domain/node.ts';
import { activitySchema, sessionSchema } from '../domain/presence.ts';
import { registryEntrySchema } from '../domain/registry.ts';
import { packageDiffSchema, releaseSchema } from '../domain/release.ts';
import { roleSchema } from '../domain/role.ts';
import {
  restartOptionsSchema,
  rolloutPlanSchema,
  rolloutRequestSchema,
  rolloutSchema,
} from '../domain/rollout.ts';
import {
  limitsSchema,
  serviceSchema,
  serviceSpecSchema,
  serviceUpdateEffectSchema,
} from '../domain/service.ts';
import { tokenNameSchema, tokenViewSchema } from '../domain/token.ts';
import { defineLink, guardedRequest, notice, request } from './define.ts';
import { wireErrorSchema } from './errors.ts';
import { packedSamplesSchema } from './packed-samples.ts';

/** With their samples as bytes; see packed-samples.ts. */
const wireSnapshotSchema = fleetSnapshotSchema.extend({ samples: packedSamplesSchema });
const wireFrameSchema = fleetFrameSchema.extend({ samples: packedSamplesSchema.optional() });

const instanceIdsSchema = z.array(idSchema).min(1).max(10_000);

/** One outcome per instance asked for, in the order asked. `error` is null where it worked. */
const outcomesSchema = z.object({
  outcomes: z.array(
    z.object({
      instanceId: idSchema,
      error: wireErrorSchema.nullable(),
      /** What to know although it worked. */
      warning: z.string().max(4096).optional(),
    }),
  ),
});
export type InstanceOutcome = z.infer<typeof outcomesSchema>['outcomes'][number];

/** Which file: of a service, or of one instance in the place of the service's. */
const configKeySchema = z.object({
  serviceName: serviceNameSchema,
  name: configFileNameSchema,
  instanceId: idSchema.optional(),
});

/** A stop may take its whole grace on each of many instances; the agents work side by side. */
const COMMAND_TIMEOUT_MS = 660_000;

/** Every message between the master and a cockpit. `role` is the least that may send it. */
export const cockpitLink = defineLink({
  namespace: '/cockpit',
  toMaster: {
    /** Who am I, and is the link alive: sent on connecting and then every few seconds to measure latency. */
    'session.hello': request({
      payload: z.object({}),
      result: z.object({
        actor: z.string(),
        role: roleSchema,
        masterVersion: z.string(),
        at: timestampSchema,
      }),
    }),

    /** Begin, or change the scope of, the stream of `fleet.frame`. */
    'fleet.watch': request({ payload: z.object({ scope: fleetScopeSchema }), result: wireSnapshotSchema }),
    'fleet.unwatch': request({ payload: z.object({}), result: z.object({}) }),
    'figures.history': request({
      payload: z.object({ instanceIds: instanceIdsSchema }),
      result: z.object({ histories: z.array(figuresHistorySchema) }),
    }),
    /** Over minutes to days: 10 s apart for an hour, 1 min for a day, 10 min for 14 days (less of instances in a large fleet). */
    'history.read': request({
      payload: historyRequestSchema,
      result: figuresOverTimeSchema,
      timeoutMs: 10_000,
    }),

    /** What this cockpit looks at and does; sent when it changes, at most once a second. */
    'presence.tell': request({ payload: activitySchema, result: z.object({}) }),
    /** Everybody who is connected, and which of them is the one who asks. */
    'presence.list': request({
      payload: z.object({}),
      result: z.object({ selfId: z.string(), sessions: z.array(sessionSchema) }),
    }),

    'service.list': request({
      payload: z.object({}),
      result: z.object({ services: z.array(serviceSchema) }),
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

    /** Uploads go over HTTP (see http.ts). Newest first. */
    'release.list': request({
      payload: z.object({ serviceId: idSchema.optional() }),
      result: z.object({ releases: z.array(releaseSchema) }),
    }),
    /** All or none; none that an instance runs or should run, or that a rollout under way may still need. */
    'release.remove': guardedRequest({
      payload: z.object({ confirm: confirmSchema, releaseIds: z.array(idSchema).min(1).max(1_000) }),
      result: z.object({}),
      role: 'operator',
    }),
    'release.diff': request({
      payload: z.object({ fromReleaseId: idSchema, toReleaseId: idSchema }),
      result: z.object({ from: releaseSchema, to: releaseSchema, diff: packageDiffSchema }),
      timeoutMs: 120_000,
    }),

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

    /** Put releases on instances, batch by batch. Answered when begun; `rollout.changed` tells the rest. */
    'rollout.create': guardedRequest({
      payload: rolloutRequestSchema.and(z.object({ confirm: confirmSchema })),
      result: z.object({ rollout: rolloutSchema }),
      role: 'operator',
    }),
    /** What `rollout.create` would do. Changes nothing. */
    'rollout.plan': request({ payload: rolloutRequestSchema, result: z.object({ plan: rolloutPlanSchema }) }),
    /** What is under way finishes; nothing is begun until it is resumed. */
    'rollout.pause': request({
      payload: z.object({ rolloutId: idSchema }),
      result: z.object({ rollout: rolloutSchema }),
      role: 'operator',
    }),
    'rollout.resume': request({
      payload: z.object({ rolloutId: idSchema }),
      result: z.object({ rollout: rolloutSchema }),
      role: 'operator',
    }),
    /** What is under way finishes, the rest is skipped; with `rollback` what was changed gets back what it ran before. */
    'rollout.abort': guardedRequest({
      payload: z.object({
        confirm: confirmSchema,
        rolloutId: idSchema,
        rollback: z.boolean().default(false),
      }),
      result: z.object({ rollout: rolloutSchema }),
      role: 'operator',
    }),
    'rollout.get': request({
      payload: z.object({ rolloutId: idSchema }),
      result: z.object({ rollout: rolloutSchema }),
    }),

    /** Newest first. */
    'rollout.list': request({
      payload: z.object({ serviceId: idSchema.optional(), limit: z.int().min(1).max(200).default(50) }),
      result: z.object({ rollouts: z.array(rolloutSchema) }),
    }),

    /** Which instance answers where, as it was last pushed to all nodes. */
    'registry.list': request({
      payload: z.object({}),
      result: z.object({ entries: z.array(registryEntrySchema) }),
    }),

    /** Relayed to the instance's agent. */
    'log.read': request({ payload: logReadRequestSchema, result: logReadResultSchema, timeoutMs: 12_000 }),
    'log.search': request({
      payload: logSearchRequestSchema,
      result: logSearchResultSchema,
      timeoutMs: 15_000,
    }),
    /** Where the runs of an instance lie in its `stdout`, the latest last. */
    'log.runs': request({
      payload: z.object({ instanceId: idSchema }),
      result: z.object({ runs: z.array(logRunSchema) }),
      timeoutMs: 7_000,
    }),
    'log.files': request({
      payload: z.object({ instanceId: idSchema }),
      result: z.object({ files: z.array(logFileSchema) }),
      timeoutMs: 7_000,
    }),

    /** The newest version of each file, also of those that are gone; and the names of the secrets. */
    'config.list': request({
      payload: z.object({ serviceName: serviceNameSchema }),
      result: z.object({ files: z.array(configFileSchema), secrets: z.array(configSecretSchema) }),
    }),
    /** A version of a file, default the newest. Secrets stand in it by their names; their values are told to agents only. */
    'config.read': request({
      payload: configKeySchema.extend({ version: z.int().positive().optional() }),
      result: z.object({ file: configVersionSchema, text: z.string() }),
      timeoutMs: 15_000,
    }),
    /** Newest first. The last hundred are kept, and those that are published. */
    'config.versions': request({
      payload: configKeySchema,
      result: z.object({ versions: z.array(configVersionSchema) }),
    }),
    /** Adds a version, unless it is what the newest says. Its syntax is checked by the ending of its name. Reaches no instance. */
    'config.set': request({
      payload: configKeySchema.extend({
        text: z.string().max(2 * MAX_CONFIG_FILE_BYTES),
        message: configMessageSchema.default(''),
        /** Take it although its syntax is wrong. */
        force: z.boolean().default(false),
        /** The version that it was made of, 0 for a new file: refused when there is a newer one. */
        baseVersion: z.int().nonnegative().optional(),
      }),
      result: z.object({ file: configVersionSchema, isChanged: z.boolean() }),
      role: 'operator',
      timeoutMs: 15_000,
    }),
    /** Adds a version that is none: with the next publication it is gone, or the service's file is there again. */
    'config.remove': request({
      payload: configKeySchema.extend({ message: configMessageSchema.default('') }),
      result: z.object({ file: configVersionSchema }),
      role: 'operator',
    }),
    /** Adds a version with the content of an older one. */
    'config.rollback': request({
      payload: configKeySchema.extend({
        version: z.int().positive(),
        message: configMessageSchema.default(''),
      }),
      result: z.object({ file: configVersionSchema, isChanged: z.boolean() }),
      role: 'operator',
    }),
    /** Gives the newest versions of all files to instances. Answered when it is decided; `config.status` tells how far it is. */
    'config.publish': guardedRequest({
      payload: z.object({
        confirm: confirmSchema,
        serviceName: serviceNameSchema,
        /** Default: all, and those of later days. */
        instanceIds: instanceIdsSchema.optional(),
        action: configActionSchema.default({ kind: 'nothing' }),
        /** How they are restarted, where that follows. */
        options: restartOptionsSchema.default(() => restartOptionsSchema.parse({})),
        message: configMessageSchema.default(''),
        /** Also where secrets, filled in, break the syntax. */
        force: z.boolean().default(false),
        /** Only say what would happen. */
        dryRun: z.boolean().default(false),
      }),
      result: z.object({
        /** Null of a dry run. */
        publication: configPublicationSchema.nullable(),
        /** The one that restarts instances; null where none has to be. Those on a node that is away are, when it is back. */
        rollout: rolloutSchema.nullable(),
        /** `unchanged`: it has these files, and nothing follows. */
        instances: z.array(
          z.object({ instanceId: idSchema, effect: z.enum(['unchanged', 'live', 'signal', 'restart']) }),
        ),
      }),
      role: 'operator',
      timeoutMs: 30_000,
    }),
    /** The last publication, and how far each instance is. */
    'config.status': request({
      payload: z.object({ serviceName: serviceNameSchema }),
      result: z.object({
        publication: configPublicationSchema.nullable(),
        deliveries: z.array(configDeliverySchema),
      }),
    }),
    /** Told to nobody any more but to agents. What is published keeps its value until the next publication. */
    'config.setSecret': request({
      payload: z.object({
        serviceName: serviceNameSchema,
        name: secretNameSchema,
        value: z
          .string()
          .min(1)
          .max(MAX_SECRET_BYTES)
          .refine((value) => !value.includes('\0'), 'holds a NUL'),
      }),
      result: z.object({ secret: configSecretSchema }),
      role: 'operator',
    }),
    /** Not one that a file asks for, or that is published. */
    'config.removeSecret': request({
      payload: z.object({ serviceName: serviceNameSchema, name: secretNameSchema }),
      result: z.object({}),
      role: 'operator',
    }),
    /** Another key for secrets: all are encrypted with it anew. */
    'config.rotateKey': request({
      payload: z.object({}),
      result: z.object({ keyId: z.string(), secrets: z.int().nonnegative() }),
      role: 'admin',
    }),

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
        /** In milliseconds; default: never. Of a token for joining: the time for its first use. */
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

    /** Newest first; `beforeSeq` pages back. */
    'event.list': request({
      payload: z.object({
        beforeSeq: idSchema.optional(),
        instanceId: idSchema.optional(),
        nodeId: idSchema.optional(),
        serviceId: idSchema.optional(),
        limit: z.int().min(1).max(1000).default(200),
      }),
      result: z.object({ events: z.array(eventSchema) }),
    }),
  },
  toClient: {
    /** At most one a second, to cockpits that watch. */
    'fleet.frame': notice({ payload: wireFrameSchema }),
    /** Every change of a rollout, to all cockpits. */
    'rollout.changed': notice({ payload: z.object({ rollout: rolloutSchema }) }),
    /** Every new event, to all cockpits. */
    'event.added': notice({ payload: z.object({ events: z.array(eventSchema) }) }),
    /** Who is connected, to all cockpits: at most once a second, when it changes. */
    'presence.changed': notice({ payload: z.object({ sessions: z.array(sessionSchema) }) }),
  },
});

export type CockpitToMaster = typeof cockpitLink.toMaster;
export type MasterToCockpit = typeof cockpitLink.toClient;
