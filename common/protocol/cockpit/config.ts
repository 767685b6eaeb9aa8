import * as z from 'zod';
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
} from '../../domain/config-file.ts';
import { confirmSchema, idSchema, instanceIdsSchema, serviceNameSchema } from '../../domain/names.ts';
import { restartOptionsSchema, rolloutSchema } from '../../domain/rollout.ts';
import { guardedRequest, request } from '../define.ts';

/** Which file: of a service, or of one instance in the place of the service's. */
const configKeySchema = z.object({
  serviceName: serviceNameSchema,
  name: configFileNameSchema,
  instanceId: idSchema.optional(),
});

export const configRequests = {
  /** The newest version of each file, also of those that are gone; and the names of the secrets. */
  'config.list': request({
    payload: z.object({ serviceName: serviceNameSchema }),
    result: z.object({ files: z.array(configFileSchema), secrets: z.array(configSecretSchema) }),
    role: 'viewer',
  }),
  /** A version of a file, default the newest. Secrets stand in it by their names; their values are told to agents only. */
  'config.read': request({
    payload: configKeySchema.extend({ version: z.int().positive().optional() }),
    result: z.object({ file: configVersionSchema, text: z.string() }),
    timeoutMs: 15_000,
    role: 'viewer',
  }),
  /** Newest first. The last hundred are kept, and those that are published. */
  'config.versions': request({
    payload: configKeySchema,
    result: z.object({ versions: z.array(configVersionSchema) }),
    role: 'viewer',
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
    role: 'viewer',
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
};
