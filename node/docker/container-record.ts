import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import { type Assignment, assignmentSchema, exitResultSchema } from '../../common/domain/instance.ts';
import { timestampSchema } from '../../common/domain/names.ts';
import { saidFieldSchema } from '../../common/domain/said.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { readFileIfThere } from '../../common/system/atomic-file.ts';
import { writeStateFile } from '../supervisor/spare-space.ts';

/** A run of a container: the engine keeps the container, and its start tells runs apart. */
export const containerRunSchema = z.object({ id: z.string().max(64), startedAt: timestampSchema });

/** Why it does not run, when it does not. */
export const containerRestSchema = z.object({
  state: z.enum(['stopped', 'exited', 'failed', 'backoff', 'crash-loop']),
  reason: z.string().max(4096),
  said: saidFieldSchema,
  nextStartAt: timestampSchema.nullable(),
});
export type ContainerRest = z.infer<typeof containerRestSchema>;

/** All that is kept of an instance that is a container, beside what is kept of its script. */
export const containerRecordSchema = z.object({
  format: z.literal(1),
  wanted: assignmentSchema,
  /** What the script had been run with when it ended well; null while it has to run. See `launchKeyOf`. */
  scriptKey: z.string().max(64).nullable(),
  /** The last restart that was done. */
  restartGeneration: z.int().nonnegative(),
  /** The run that was last seen alive, until its end has been dealt with. */
  run: containerRunSchema.nullable(),
  /** Set before the engine is told to stop it. */
  stopping: z.enum(['operator', 'restart']).nullable(),
  /** Null while it is expected to run. */
  rest: containerRestSchema.nullable(),
  since: timestampSchema,
  restarts: z.int().nonnegative(),
  fastDeaths: z.int().nonnegative(),
  lastExit: exitResultSchema.nullable(),
  /** A person said that nothing of it runs while the engine could not be asked: true until that answers. */
  forgotten: z.boolean().default(false),
});
export type ContainerRecord = z.infer<typeof containerRecordSchema>;

export function newContainerRecord(wanted: Assignment, now: number): ContainerRecord {
  return {
    format: 1,
    wanted,
    scriptKey: null,
    restartGeneration: wanted.restartGeneration,
    run: null,
    stopping: null,
    rest: { state: 'stopped', reason: '', nextStartAt: null },
    since: now,
    restarts: 0,
    fastDeaths: 0,
    lastExit: null,
    forgotten: false,
  };
}

export interface ContainerRecordFile {
  /** @throws Error when there is one that cannot be understood. */
  load(): ContainerRecord | null;
  save(record: ContainerRecord): void;
  remove(): void;
}

export function containerRecordFile(file: string, spares: string): ContainerRecordFile {
  return {
    load() {
      const text = readFileIfThere(file);
      if (text === null) return null;
      const parsed = containerRecordSchema.safeParse(JSON.parse(text));
      if (!parsed.success) throw new Error(`${file}: ${describeIssue(parsed.error)}`);
      return parsed.data;
    },
    save(record) {
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeStateFile(spares, file, `${JSON.stringify(record)}\n`);
    },
    remove: () => rmSync(file, { force: true }),
  };
}
