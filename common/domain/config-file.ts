import * as z from 'zod';
import { idSchema, lineSchema, serviceNameSchema, sha256Schema, timestampSchema } from './names.ts';

/** Of one file, in bytes of UTF-8. */
export const MAX_CONFIG_FILE_BYTES = 1024 * 1024;
/** Files that one instance gets, and what they may weigh together. */
export const MAX_CONFIG_FILES = 64;
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
export const MAX_SECRET_BYTES = 64 * 1024;

/**
 * A file's name: plain, or in one directory. Nothing that is hidden, since the agent's own names in a configuration directory
 * begin with two dots, and nothing that a shell or a path could take for something else.
 */
export const configFileNameSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}(?:\/[A-Za-z0-9_][A-Za-z0-9._-]{0,63})?$/,
    'must be the name of a file, or directory/name: letters, digits, ".", "_" and "-", not beginning with "." or "-"',
  );

export const secretNameSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/,
    'must be 1 to 64 letters, digits, "_", "." or "-", starting with a letter',
  );

/** Signals that programs read their configuration again at, or can be taught to. */
export const configSignalSchema = z.enum(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH']);

/** What follows once an instance has its new files. */
export const configActionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('nothing') }),
  /** To the main process alone, and only to the run that was there before the files. */
  z.object({ kind: z.literal('signal'), signal: configSignalSchema }),
  /** By a rollout: batch by batch, each waited for until it is up, and healthy where it is checked. */
  z.object({ kind: z.literal('restart') }),
]);
export type ConfigAction = z.infer<typeof configActionSchema>;

/** One file as an agent is told of it. It fetches the content, and keeps it. */
export const configFileRefSchema = z.object({
  name: configFileNameSchema,
  versionId: idSchema,
  /** Of the content before secrets are filled in: one of the result would give a short secret away. */
  sha256: sha256Schema,
  sizeBytes: z.int().nonnegative(),
  /** The version of each secret in it. */
  secrets: z.array(z.object({ name: secretNameSchema, secretId: idSchema })).max(256),
});
export type ConfigFileRef = z.infer<typeof configFileRefSchema>;

/** All the files of one instance, as they were published. */
export const configRefSchema = z.object({
  /** Of the publication: rises with each. */
  revision: idSchema,
  /** `restart` is the master's to do, one instance after another; to the agent it is a restart like any. */
  action: configActionSchema,
  files: z.array(configFileRefSchema).max(MAX_CONFIG_FILES),
});
export type ConfigRef = z.infer<typeof configRefSchema>;

/** The content of one file, for its agent alone. */
export const configContentSchema = z.object({
  text: z.string(),
  secrets: z.array(z.object({ secretId: idSchema, value: z.string() })),
});
export type ConfigContent = z.infer<typeof configContentSchema>;

/** One version of a file. Versions count from 1 for each file; what was removed has one too. */
export const configVersionSchema = z.object({
  versionId: idSchema,
  serviceName: serviceNameSchema,
  name: configFileNameSchema,
  /** The instance that it is for alone, in the place of the service's file of this name; null for all. */
  instanceId: idSchema.nullable(),
  version: z.int().positive(),
  /** From here on there is no such file. */
  isRemoval: z.boolean(),
  sizeBytes: z.int().nonnegative(),
  sha256: sha256Schema,
  actor: z.string(),
  at: timestampSchema,
  message: z.string(),
});
export type ConfigVersion = z.infer<typeof configVersionSchema>;

/** A file with its newest version, beside the one that was published. */
export const configFileSchema = configVersionSchema.extend({
  /** Of the last publication to all instances; null when it was not in it. */
  publishedVersion: z.int().positive().nullable(),
});
export type ConfigFile = z.infer<typeof configFileSchema>;

/** A secret as it may be shown: never its value. */
export const configSecretSchema = z.object({
  name: secretNameSchema,
  version: z.int().positive(),
  actor: z.string(),
  at: timestampSchema,
});
export type ConfigSecret = z.infer<typeof configSecretSchema>;

export const configPublicationSchema = z.object({
  revision: idSchema,
  serviceName: serviceNameSchema,
  actor: z.string(),
  at: timestampSchema,
  message: z.string(),
  action: configActionSchema,
  /** To all instances, those of later days too; else to some. */
  isWhole: z.boolean(),
});
export type ConfigPublication = z.infer<typeof configPublicationSchema>;

/** How far a publication has come on an instance. */
export const configDeliverySchema = z.object({
  instanceId: idSchema,
  nodeId: idSchema,
  /** Null when nothing was ever published to it. */
  wantedRevision: idSchema.nullable(),
  /** The one whose files are in its directory, as its agent said; null for none. */
  deliveredRevision: idSchema.nullable(),
  /** `waits` for its turn to be restarted, or for its node. */
  state: z.enum(['none', 'delivered', 'under-way', 'waits']),
});
export type ConfigDelivery = z.infer<typeof configDeliverySchema>;

/** Who changes something says why. */
export const configMessageSchema = lineSchema(1024);

/** "SIGHUP", "a rolling restart", "nothing": what follows, for people. */
export function describeConfigAction(action: ConfigAction): string {
  if (action.kind === 'signal') return action.signal;
  return action.kind === 'restart' ? 'a rolling restart' : 'nothing';
}
