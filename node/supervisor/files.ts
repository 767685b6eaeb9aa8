import { mkdirSync, rmSync } from 'node:fs';
import type * as z from 'zod';
import { type Assignment, assignmentSchema } from '../../common/domain/instance.ts';
import { describeIssue } from '../../common/protocol/bind.ts';
import { readFileIfThere } from '../../common/system/atomic-file.ts';
import type { InstanceLayout } from './layout.ts';
import { type InstanceRecord, instanceRecordSchema } from './record.ts';
import { writeStateFile } from './spare-space.ts';

/** What a state file holds: null when it is not there, `broken` when it cannot be understood. */
export type Loaded<T> = { value: T | null; broken: null } | { value: null; broken: string };

export interface InstanceFiles {
  loadAssignment(): Loaded<Assignment>;
  loadRecord(): Loaded<InstanceRecord>;
  saveAssignment(assignment: Assignment): void;
  saveRecord(record: InstanceRecord): void;
  /** Forgets both; data and configuration of the instance stay. */
  forget(): void;
}

/** The two files that make an instance survive its agent; every change is durable when the call returns. */
export function instanceFiles(own: InstanceLayout): InstanceFiles {
  const save = (file: string, value: object): void => {
    mkdirSync(own.directory, { recursive: true, mode: 0o755 });
    writeStateFile(own.spares, file, `${JSON.stringify(value)}\n`);
  };
  return {
    loadAssignment: () => load(own.assignmentFile, assignmentSchema),
    loadRecord: () => load(own.recordFile, instanceRecordSchema),
    saveAssignment: (assignment) => save(own.assignmentFile, assignment),
    saveRecord: (record) => save(own.recordFile, record),
    forget() {
      for (const file of [own.assignmentFile, own.recordFile, own.current]) rmSync(file, { force: true });
    },
  };
}

function load<S extends z.ZodType>(file: string, schema: S): Loaded<z.output<S>> {
  const text = readFileIfThere(file);
  if (text === null) return { value: null, broken: null };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { value: null, broken: `${file} is not JSON` };
  }
  const parsed = schema.safeParse(value);
  return parsed.success
    ? { value: parsed.data, broken: null }
    : { value: null, broken: `${file}: ${describeIssue(parsed.error)}` };
}
