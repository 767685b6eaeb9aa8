import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ticksToMs } from './clock.ts';

/** How a run said that it would end. */
export interface PlannedEnd {
  readonly how: 'code' | 'signal' | 'oom';
  /** An exit status, or the name of a signal. */
  readonly what: string;
  readonly lines: number;
  readonly at: number;
}

/** What one process of a service wrote down of itself; all times in milliseconds since the boot. See services/run.sh. */
export interface Journal {
  readonly service: string;
  /** `PID-TICKS` of a run; `PID-TICKS.PID-TICKS` of a child that numbers lines of its own. */
  readonly name: string;
  readonly pid: number;
  readonly ticks: string;
  readonly isChild: boolean;
  readonly startedAt: number;
  readonly version: string;
  readonly isPolite: boolean;
  /** Lines that it was about to have written, and that it had. */
  readonly planned: number;
  readonly wrote: number;
  readonly end: PlannedEnd | null;
  /** Names of earlier runs that it found alive. */
  readonly doubles: readonly string[];
  readonly lastNoteAt: number;
}

/** All journals of all services, in the order in which their processes began. */
export function readJournals(directory: string): Journal[] {
  const journals: Journal[] = [];
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const own = join(directory, entry.name);
    for (const name of readdirSync(own)) {
      const journal = parseJournal(entry.name, name, readFileSync(join(own, name), 'utf8'));
      if (journal !== null) journals.push(journal);
    }
  }
  return journals.sort((a, b) => Number(a.ticks) - Number(b.ticks) || a.lastNoteAt - b.lastNoteAt);
}

/** @returns null for what no process of ours was killed too early to say anything in. */
export function parseJournal(service: string, name: string, text: string): Journal | null {
  const [pid, ticks] = name.slice(name.lastIndexOf('.') + 1).split('-');
  if (pid === undefined || ticks === undefined) throw new Error(`no name of a journal: ${name}`);
  let version = '';
  let isPolite = false;
  let planned = 0;
  let wrote = 0;
  let end: PlannedEnd | null = null;
  let lastNoteAt = 0;
  const doubles: string[] = [];
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n').filter((each) => each !== '')) {
    const [uptime = '', word = '', first = '', second = '', third = ''] = line.split(' ');
    const at = Number(uptime) * 1000;
    lastNoteAt = at;
    if (word === 'run') version = first;
    else if (word === 'polite') isPolite = true;
    else if (word === 'plan') planned = Number(first);
    else if (word === 'wrote') wrote = Number(first);
    else if (word === 'double') doubles.push(first);
    else if (word === 'end' && (first === 'code' || first === 'signal' || first === 'oom'))
      end = { how: first, what: second, lines: Number(third), at };
    else throw new Error(`journal ${service}/${name}: ${line}`);
  }
  if (version === '') return null;
  const isChild = name.includes('.');
  const startedAt = ticksToMs(ticks);
  return {
    ...{ service, name, pid: Number(pid), ticks, isChild, startedAt, version },
    ...{ isPolite, planned, wrote, end, doubles, lastNoteAt },
  };
}
