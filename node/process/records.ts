import { readdirSync, rmSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { said, type Told } from '../../common/domain/said.ts';
import { readFileIfThere } from '../../common/system/atomic-file.ts';

/**
 * What the shim wrote of one run: two files in one directory that the agent watches, `<instance>.<run>.started` and
 * `<instance>.<run>.exit`. See shim.sh for who writes what when.
 */
export interface StartedRecord {
  shim: { pid: number; startTicks: string };
  program: { pid: number; startTicks: string };
  /** When the program took over its process, milliseconds since the epoch. */
  startedAt: number;
}

export interface ExitRecord {
  /** 0 to 255, or null when a signal ended it. */
  code: number | null;
  /** For example `SIGKILL`. */
  signal: string | null;
  endedAt: number;
}

/** Exit statuses of the shim's child that mean "never became the program", while there is no started record. */
const START_FAILURES: Readonly<Record<number, Told>> = {
  119: said`the group of the shims could not be entered`,
  120: said`the instance's cgroup could not be entered`,
  121: said`the working directory could not be entered`,
  122: said`the start could not be recorded`,
  123: said`the log file could not be opened`,
};

/** Names of the two records of a run, without their directory. */
export function recordName(instanceId: number, runId: string): string {
  return `${instanceId}.${runId}`;
}

/** The instance that a file of the records' directory belongs to, or null for a stranger. */
export function instanceOfRecord(fileName: string): number | null {
  const match = /^([1-9]\d*)\.[\w-]+\.(started|exit)$/.exec(fileName);
  return match?.[1] === undefined ? null : Number(match[1]);
}

export function readStarted(record: string): StartedRecord | null {
  const file = `${record}.started`;
  const words = wholeLine(file);
  const [shimPid, shimTicks, pid, ticks] = words?.split(' ') ?? [];
  if (shimTicks === undefined || ticks === undefined || !/^\d+( \d+){3}$/.test(words ?? '')) return null;
  return {
    shim: { pid: Number(shimPid), startTicks: shimTicks },
    program: { pid: Number(pid), startTicks: ticks },
    startedAt: modifiedAt(file),
  };
}

export function readExit(record: string): ExitRecord | null {
  const file = `${record}.exit`;
  const line = wholeLine(file);
  const match = /^(\d{1,3})(?: (.*))?$/.exec(line ?? '');
  if (match?.[1] === undefined) return null;
  return { ...parseStatus(Number(match[1]), match[2] ?? ''), endedAt: modifiedAt(file) };
}

/**
 * Tells `exit(137)` from death by SIGKILL: `$?` is the same, but `jobs` says `Done(137)` or `Killed`.
 *
 * Without its words (a shell that forgets them) a status above 128 is taken for a signal, as POSIX 2.8.2 suggests.
 */
function parseStatus(status: number, words: string): { code: number | null; signal: string | null } {
  const done = /\bDone(?: ?\((\d+)\))?|\bExit (\d+)/.exec(words);
  if (done !== null) return { code: Number(done[1] ?? done[2] ?? 0), signal: null };
  return status > 128 ? { code: null, signal: signalName(status - 128) } : { code: status, signal: null };
}

/** `9` → `SIGKILL`, `40` → `SIGRTMIN+6`; glibc keeps 32 and 33 for itself, so SIGRTMIN is 34: signal(7). */
function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, value]) => value === number);
  if (found !== undefined) return found[0];
  return number >= 34 ? `SIGRTMIN+${number - 34}`.replace('+0', '') : `SIG${number}`;
}

/** Removes both records of a run. */
export function sweepRecord(record: string): void {
  rmSync(`${record}.started`, { force: true });
  rmSync(`${record}.exit`, { force: true });
}

/**
 * Removes what belongs to no run any more: an agent was killed after a run was over, before it had swept.
 *
 * @param keep told the name of a run's records and its instance.
 */
export function sweepStrangers(directory: string, keep: (name: string, instanceId: number) => boolean): void {
  for (const file of readdirSync(directory)) {
    const instanceId = instanceOfRecord(file);
    const name = file.replace(/\.(started|exit)$/, '');
    if (instanceId !== null && !keep(name, instanceId)) rmSync(join(directory, file), { force: true });
  }
}

/**
 * Why a run whose records hold an end and no start never became its program, for people.
 *
 * What a command that should have become it (`systemd-run --scope …`) said about its failure is where the start would have
 * been recorded: there is room for it even on a full disk.
 */
export function explainNotStarted(record: string, { code, signal }: ExitRecord): Told {
  const known = START_FAILURES[code ?? 0];
  if (known !== undefined) return known;
  const told = firstLine(`${record}.started`)?.trim() ?? '';
  if (told !== '') return said`its process never became the program: ${told.slice(0, 500)}`;
  return said`its process ended with ${code ?? signal ?? ''} before it became the program`;
}

/** The first line of a record without its closing "end", or null while it is not wholly written. */
function wholeLine(file: string): string | null {
  const line = firstLine(file);
  return line?.endsWith(' end') ? line.slice(0, -4) : null;
}

/**
 * Without its end of line, or null when the file has none, or is not there. Not for a file that cannot be opened (EMFILE): a
 * run would be taken for one that left no word.
 */
function firstLine(file: string): string | null {
  const text = readFileIfThere(file) ?? '';
  const end = text.indexOf('\n');
  return end < 0 ? null : text.slice(0, end);
}

function modifiedAt(file: string): number {
  return Math.round(statSync(file).mtimeMs);
}
