import { join } from 'node:path';
import type { Assignment, InstanceStatus } from '../../common/domain/instance.ts';
import type { Told } from '../../common/domain/said.ts';
import { recordName } from '../process/records.ts';
import { groupKeyOf } from './environment.ts';
import { instanceFiles } from './files.ts';
import type { Ports } from './ports.ts';
import { type InstanceRecord, newRecord } from './record.ts';
import { type Passing, statusOf } from './status.ts';

/** All that an agent holds of one instance: what is on the disk, and what passes with the agent. */
export interface InstanceState {
  readonly instanceId: number;
  readonly assignment: Assignment | null;
  readonly record: InstanceRecord;
  readonly passing: Passing;
  /** Whether a record was there when the agent started. */
  readonly hadRecord: boolean;
  /** Why the record cannot be trusted, or null: what it said may be running, and only a person can tell. */
  readonly broken: Told | null;
  /** Path of the records of the run under way, without `.started` and `.exit`; null when there is none. */
  readonly recordPath: string | null;
  /** Takes an assignment down, durably. @throws SgridError `no_space`, `permission_denied`; nothing is changed then */
  want(assignment: Assignment): void;
  /** Takes what is known down, durably. @throws as `want` */
  save(record: InstanceRecord): void;
  /** Changes the record in memory alone, for what needs not survive. */
  keep(record: InstanceRecord): void;
  pass(change: Partial<Passing>): void;
  distrust(reason: Told): void;
  /** A person has said what is true: the record is what is saved now. @throws as `want` */
  trust(record: InstanceRecord): void;
  /** Removes what is on the disk, but data and configuration. */
  forget(): void;
  status(): InstanceStatus;
}

export type StatePorts = Pick<Ports, 'agentId' | 'clock' | 'layout' | 'nodeId'> & {
  logStore: Pick<Ports['logStore'], 'configure'>;
};

export function loadInstanceState(
  instanceId: number,
  ports: StatePorts,
  onChange: () => void,
): InstanceState {
  const { layout } = ports;
  const files = instanceFiles(layout.instance(instanceId));
  const loadedAssignment = files.loadAssignment();
  const loadedRecord = files.loadRecord();
  let assignment = loadedAssignment.value;
  let record = named(loadedRecord.value ?? newRecord('', ports.clock()));
  let broken: Told | null = loadedRecord.broken;
  let passing: Passing = {
    preparing: false,
    starting: false,
    adopted: false,
    waiting: null,
    stuck: null,
    shimGone: null,
    doubt: null,
    note: loadedAssignment.broken ?? '',
  };

  /** Also of what runs since before this agent, and is not started by it. */
  function configureLog(): void {
    if (assignment === null) return;
    const { log, logPaths } = assignment.spec;
    ports.logStore.configure(instanceId, { rotation: log, logPaths });
  }

  /** The group gets its name with the first assignment, and keeps it. */
  function named(of: InstanceRecord): InstanceRecord {
    if (of.groupKey !== '' || assignment === null) return of;
    return { ...of, groupKey: groupKeyOf(ports.nodeId, assignment.spec.name, instanceId, ports.agentId) };
  }

  configureLog();
  return {
    instanceId,
    get assignment() {
      return assignment;
    },
    get record() {
      return record;
    },
    get passing() {
      return passing;
    },
    hadRecord: loadedRecord.value !== null,
    get broken() {
      return broken;
    },
    get recordPath() {
      const { run } = record;
      return run === null ? null : join(layout.runs, recordName(instanceId, run.runId));
    },
    want(next) {
      files.saveAssignment(next);
      assignment = next;
      configureLog();
      record = named(record);
      onChange();
    },
    save(next) {
      files.saveRecord(next);
      record = next;
      onChange();
    },
    keep(next) {
      record = next;
      onChange();
    },
    pass(change) {
      passing = { ...passing, ...change };
      onChange();
    },
    distrust(reason) {
      broken = reason;
    },
    trust(next) {
      files.saveRecord(next);
      record = next;
      broken = null;
      passing = { ...passing, doubt: null, stuck: null, note: '' };
      onChange();
    },
    forget() {
      files.forget();
      assignment = null;
    },
    status: () => statusOf(instanceId, assignment, record, passing),
  };
}
