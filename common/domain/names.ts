import * as z from 'zod';

/**
 * A service's name. It becomes a directory, a cgroup and a systemd unit name, so it holds only what is
 * plain in all three (systemd.unit(5) escapes everything else) and cannot start with a dot or a dash.
 */
export const serviceNameSchema = z
  .string()
  .regex(
    /^[A-Za-z][A-Za-z0-9_-]{0,62}$/,
    'must be 1 to 63 letters, digits, "-" or "_", starting with a letter',
  );

/** A group's name: same alphabet as a service's. */
export const groupNameSchema = serviceNameSchema;

/** A version label of a release, as it is shown and typed: no space, no slash. */
export const versionLabelSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/, 'must be 1 to 64 letters, digits, ".", "_", "+" or "-"');

/** A sha256 in lower-case hex. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits');

/** A number given out by the master's database. */
export const idSchema = z.int().positive();

/** The instances that a request is about. */
export const instanceIdsSchema = z.array(idSchema).min(1).max(10_000);

/** The last millisecond of the year 9999: whatever is added to it is still a `Date` (ECMA-262 21.4.1.1), and sums are exact. */
export const MAX_TIMESTAMP = 253_402_300_799_999;

/** Milliseconds since the Unix epoch. */
export const timestampSchema = z.int().nonnegative().max(MAX_TIMESTAMP);

export const portSchema = z.int().min(1).max(65535);

/** The name of an environment variable (POSIX 8.1: letters, digits, underscore, not starting with a digit). */
export const envNameSchema = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not a name for an environment variable');

/** A user's name as useradd(8) takes it: it becomes an argument of setpriv(1). */
export const userNameSchema = z
  .string()
  .regex(
    /^[a-z_][a-z0-9_-]{0,31}$/,
    'must be the name of a user: 1 to 32 lower-case letters, digits, "_" or "-"',
  );

/** Environment of a program. NUL cannot be passed by execve(2). */
export const envSchema = z.record(
  envNameSchema,
  z
    .string()
    .max(32_768)
    .refine((value) => !value.includes('\0'), 'holds a NUL'),
);

/** Text of one line that is shown as it is, or goes into files that are read line by line: no control characters. */
export function lineSchema(maxLength: number): z.ZodString {
  return z
    .string()
    .max(maxLength)
    .regex(/^[^\p{Cc}\u2028\u2029]*$/u, 'must not hold control characters');
}

/** A path below a package: relative, without `..`, and not starting with a dash (it may become an argument). */
export const packagePathSchema = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) =>
      !path.startsWith('/') &&
      !path.startsWith('-') &&
      !path.includes('\0') &&
      !path.split('/').includes('..'),
    'must be a relative path inside the package',
  );

/** Where a program starts: a path below its package, or an absolute one. */
export const workingDirectorySchema = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    (path) => !path.includes('\0') && !path.split('/').includes('..'),
    'must be an absolute path, or one inside the package, without ".."',
  );

/** Names of protected services that a request touches, and of whatever else it asks for, as a person typed them. */
export const confirmSchema = z.array(z.string().max(128)).max(1_000).default([]);
