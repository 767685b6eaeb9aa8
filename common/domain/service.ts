import * as z from 'zod';
import { healthCheckSchema } from './health.ts';
import { logPathSchema, logRotationSchema } from './log.ts';
import {
  envSchema,
  groupNameSchema,
  idSchema,
  packagePathSchema,
  serviceNameSchema,
  timestampSchema,
  userNameSchema,
  workingDirectorySchema,
} from './names.ts';
import { portPlanSchema } from './port-plan.ts';
import { type Said, said } from './said.ts';

/**
 * How a package becomes a program. `script` runs to completion each time it is deployed or started, its output is the deploy
 * log and its exit status the result; with a `dockerName` the instance is the container of that name from then on.
 */
export const serviceTypeSchema = z.enum(['binary', 'node', 'java', 'script']);
export type ServiceType = z.infer<typeof serviceTypeSchema>;

/** After systemd.service(5) `Restart=`: when an ended program is started again. */
export const restartPolicySchema = z.object({
  mode: z.enum(['always', 'on-failure', 'never']).default('always'),
  /** First pause before a restart, in milliseconds; doubled after each fast death. */
  initialDelayMs: z.int().min(0).max(600_000).default(500),
  /** Longest pause, in milliseconds. */
  maxDelayMs: z.int().min(0).max(3_600_000).default(30_000),
  /** A run at least this long counts as stable and resets the back-off, in milliseconds. */
  stableAfterMs: z.int().min(0).max(3_600_000).default(10_000),
  /** After this many fast deaths in a row the instance is left in `crash-loop`. */
  maxFastDeaths: z.int().min(1).max(1000).default(8),
});
export type RestartPolicy = z.infer<typeof restartPolicySchema>;

const CORES_RANGE = 'allowed are 0.01 to 4096 cores';
const MIB_RANGE = 'allowed are 4 to 16777216 MiB, in whole numbers';
const PIDS_RANGE = 'allowed are 1 to 4194304 processes and threads, in whole numbers';

const mibSchema = z.int(MIB_RANGE).min(4, MIB_RANGE).max(16_777_216, MIB_RANGE);

/** Limits of one instance, enforced by its cgroup. Absent means unlimited. */
export const limitsSchema = z.object({
  /** CPU time per wall time: 1.5 is one and a half cores. */
  cpuCores: z.number(CORES_RANGE).min(0.01, CORES_RANGE).max(4096, CORES_RANGE).optional(),
  /** Hard memory limit in MiB, page cache included. */
  memoryMiB: mibSchema.optional(),
  /**
   * Where pressure begins, in MiB, below `memoryMiB`: `memory.high` of cgroup v2, which reclaims and slows down instead of
   * killing; a warning mark with the other drivers. Absent: no reclaim, and a warning at nine tenths of `memoryMiB`.
   */
  memoryHighMiB: mibSchema.optional(),
  /** Processes and threads together. */
  pids: z.int(PIDS_RANGE).min(1, PIDS_RANGE).max(4_194_304, PIDS_RANGE).optional(),
});
export type Limits = z.infer<typeof limitsSchema>;

/**
 * A container's name as Docker takes it. `{id}` stands for the instance's number, so that one node can hold several; without
 * it the service can have one instance a node.
 */
export const dockerNameSchema = z
  .string()
  .max(128)
  .regex(
    /^[A-Za-z0-9](?:[A-Za-z0-9_.-]|\{id\})+$/,
    'must be a container name: letters, digits, "_", "." and "-", and "{id}" for the number of the instance',
  );

/** What is the same for all instances of a service. */
export const serviceSpecSchema = z.object({
  name: serviceNameSchema,
  group: groupNameSchema.default('default'),
  type: serviceTypeSchema,
  description: z.string().max(1024).default(''),
  /** Destructive commands on it want its name typed. */
  protected: z.boolean().default(false),
  /**
   * The file in the package to run. `binary` and `node` need it (node falls back to `package.json` `main`, then
   * `index.js`); `java` takes the only jar or war in the package when it is absent, `script` takes `update.sh`.
   */
  entry: packagePathSchema.optional(),
  /** Arguments behind the entry. */
  args: z
    .array(
      z
        .string()
        .max(8192)
        .refine((arg) => !arg.includes('\0'), 'holds a NUL'),
    )
    .max(256)
    .default([]),
  /** Flags of the runtime before the entry: JVM flags, or `node` options. */
  runtimeArgs: z
    .array(
      z
        .string()
        .max(8192)
        .refine((arg) => !arg.includes('\0'), 'holds a NUL'),
    )
    .max(64)
    .default([]),
  env: envSchema.default({}),
  /** Default: the package's root. */
  workingDirectory: workingDirectorySchema.optional(),
  /** The ports that its instances get, where none is named. Default: near those that it has. */
  ports: portPlanSchema.optional(),
  /** The user whom it runs as, by setpriv(1). Default: the agent's own. */
  runAs: userNameSchema.optional(),
  /** With `script` only. */
  dockerName: dockerNameSchema.optional(),
  /**
   * Services whose instances on the same node are up before this one is started: running, and healthy where they are checked.
   * Those that are not wanted to run are not waited for (systemd.unit(5) `After=`).
   */
  dependsOn: z.array(serviceNameSchema).max(32).default([]),
  health: healthCheckSchema.default({ kind: 'none' }),
  /** Time between SIGTERM and SIGKILL when stopping, in milliseconds. */
  graceMs: z.int().min(0).max(600_000).default(10_000),
  restart: restartPolicySchema.default(() => restartPolicySchema.parse({})),
  /** How its output is kept. */
  log: logRotationSchema.default(() => logRotationSchema.parse({})),
  /** Log files that the program writes itself. */
  logPaths: z.array(logPathSchema).max(32).default([]),
  /** Releases kept on the master, besides those in use or in a rollout; the oldest go first. */
  keepReleases: z.int().min(1).max(1000).default(20),
});
export type ServiceSpec = z.infer<typeof serviceSpecSchema>;

export const serviceSchema = serviceSpecSchema.extend({
  serviceId: idSchema,
  createdAt: timestampSchema,
});
export type Service = z.infer<typeof serviceSchema>;

/** What a new specification does to an instance: `restart` it now · `live` as it runs, or at its next start. */
export const serviceUpdateEffectSchema = z.enum(['restart', 'live']);
export type ServiceUpdateEffect = z.infer<typeof serviceUpdateEffectSchema>;

/** What is wrong with a specification whose fields are all right each by itself; empty when nothing is. For people. */
export function specProblems(spec: ServiceSpec): Said[] {
  const problems: Said[] = [];
  if (spec.dockerName !== undefined && spec.type !== 'script')
    problems.push(said`dockerName: only a service of type script is a container, not ${spec.type}`);
  if (spec.dependsOn.includes(spec.name)) problems.push(said`dependsOn: a service cannot wait for itself`);
  if (spec.ports !== undefined && spec.ports.from > spec.ports.to)
    problems.push(said`ports: from ${spec.ports.from} must not be above to ${spec.ports.to}`);
  if (spec.restart.maxDelayMs < spec.restart.initialDelayMs)
    problems.push(said`restart.maxDelayMs: must not be less than initialDelayMs`);
  if (spec.type === 'script' && spec.dockerName === undefined && spec.health.kind !== 'none')
    problems.push(said`health: a script runs to its end, there is nothing to check`);
  return problems;
}

/**
 * What a program is started with: of a specification, whatever changes this takes a restart. By name, and without what is
 * absent: a field that a later version adds must not restart what an earlier one started.
 */
export function launchSpecOf(spec: ServiceSpec) {
  const { name, type, entry, args, runtimeArgs, env, workingDirectory, runAs, dockerName } = spec;
  return { name, type, entry, args, runtimeArgs, env, workingDirectory, runAs, dockerName };
}

/** The same for limits. */
export function limitProblems({ memoryMiB, memoryHighMiB }: Limits): Said[] {
  return memoryMiB !== undefined && memoryHighMiB !== undefined && memoryHighMiB >= memoryMiB
    ? [said`memoryHighMiB: must be below memoryMiB, which is ${memoryMiB}`]
    : [];
}

/** "0.5 cores, 64 MiB, 20 pids", for people; the same text for the same limits. */
export function describeLimits({ cpuCores, memoryMiB, memoryHighMiB, pids }: Limits): string {
  const parts = [
    cpuCores === undefined ? [] : [`${cpuCores} ${cpuCores === 1 ? 'core' : 'cores'}`],
    memoryMiB === undefined ? [] : [`${memoryMiB} MiB`],
    memoryHighMiB === undefined ? [] : [`pressure from ${memoryHighMiB} MiB`],
    pids === undefined ? [] : [`${pids} ${pids === 1 ? 'pid' : 'pids'}`],
  ].flat();
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/**
 * Services that wait for one another in a circle, so that none of them could ever be started, as a path that ends where it
 * began: `['a', 'b', 'a']`; null when there is none. Names that are not among the specifications are not waited for.
 *
 * @param through looks only for circles that this service is a part of.
 */
export function dependencyCycle(
  specs: Iterable<Pick<ServiceSpec, 'name' | 'dependsOn'>>,
  through?: string,
): string[] | null {
  const dependsOn = new Map<string, readonly string[]>();
  for (const spec of specs) dependsOn.set(spec.name, spec.dependsOn);
  for (const from of through === undefined ? dependsOn.keys() : [through]) {
    const way = wayBack(from, dependsOn);
    if (way !== null) return way;
  }
  return null;
}

/** The shortest way from a service back to itself. */
function wayBack(from: string, dependsOn: ReadonlyMap<string, readonly string[]>): string[] | null {
  const reachedFrom = new Map<string, string>();
  const todo = [from];
  for (const name of todo) {
    for (const next of dependsOn.get(name) ?? []) {
      if (next === from) {
        const way = [from];
        for (let at = name; at !== from; at = reachedFrom.get(at) ?? from) way.unshift(at);
        return [from, ...way];
      }
      if (reachedFrom.has(next) || !dependsOn.has(next)) continue;
      reachedFrom.set(next, name);
      todo.push(next);
    }
  }
  return null;
}
