import { readdirSync, readFileSync } from 'node:fs';
import { type ProcStat, readProcStat } from '../../common/system/process-identity.ts';
import { uptimeMs } from './clock.ts';

/** A process that descends from a service of ours: it has our mark in its environment. */
export interface SeenProcess {
  readonly pid: number;
  readonly ticks: string;
  readonly service: string;
  /** The run that it belongs to, `PID-TICKS`; null for a shim, or a program that has not begun yet. */
  run: string | null;
  /** When it was last seen alive, and when it was first not: milliseconds since the boot. */
  lastSeenAt: number;
  goneAt: number | null;
}

/** Looks at the whole machine for processes of services, whatever session, parent or group they have. */
export interface ProcessWatch {
  /** Looks now. @returns what is alive. */
  look(): SeenProcess[];
  /** Everything ever seen, by `PID-TICKS`. */
  seen(): ReadonlyMap<string, SeenProcess>;
  /** Looks regularly until `stop`. */
  start(): void;
  stop(): void;
}

const LOOK_EVERY_MS = 250;

/** @param mark the value of CHAOS_JOURNAL that tells this run's services from all others */
export function watchProcesses(mark: string): ProcessWatch {
  const seen = new Map<string, SeenProcess>();
  const strangers = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const meet = (key: string, { pid, startTicks }: ProcStat): SeenProcess | null => {
    const known = seen.get(key);
    if (known !== undefined && known.run !== null) return known;
    const environment = readEnvironment(pid);
    if (environment.get('CHAOS_JOURNAL') !== mark) {
      // A process that is just being made shows nothing yet.
      if (environment.size > 0) strangers.add(key);
      return known ?? null;
    }
    const run = environment.get('CHAOS_RUN') ?? null;
    if (known !== undefined) {
      known.run = run;
      return known;
    }
    const service = environment.get('CHAOS_SERVICE') ?? '';
    const met = { pid, ticks: startTicks, service, run, lastSeenAt: 0, goneAt: null };
    seen.set(key, met);
    return met;
  };

  const look = (): SeenProcess[] => {
    const at = uptimeMs();
    const alive = new Map<string, SeenProcess>();
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue;
      const stat = readProcStat(Number(entry));
      if (stat === null || stat.state === 'Z' || stat.state === 'X') continue;
      const key = `${stat.pid}-${stat.startTicks}`;
      if (strangers.has(key)) continue;
      const found = meet(key, stat);
      if (found !== null) alive.set(key, found);
    }
    for (const [key, each] of seen) {
      if (alive.has(key)) {
        each.lastSeenAt = at;
        each.goneAt = null;
      } else each.goneAt ??= uptimeMs();
    }
    return [...alive.values()];
  };

  return {
    look,
    seen: () => seen,
    start() {
      clearInterval(timer);
      timer = setInterval(look, LOOK_EVERY_MS);
    },
    stop: () => clearInterval(timer),
  };
}

function readEnvironment(pid: number): Map<string, string> {
  let text = '';
  try {
    text = readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    // ended meanwhile
  }
  const pairs = text.split('\0').filter((pair) => pair.includes('='));
  return new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
