import { readdirSync, readFileSync } from 'node:fs';

/** What a process has used at one moment. */
export interface ProcUsage {
  /** CPU time of all its threads since they began, nanoseconds: `/proc/<pid>/task/<tid>/schedstat`, sched-stats.rst. */
  readonly cpuNanos: bigint;
  /** `VmRSS`, `RssAnon` and `RssFile` of `/proc/<pid>/status`, KiB: proc_pid_status(5). */
  readonly rssKiB: number;
  readonly anonKiB: number;
  readonly fileKiB: number;
  readonly threads: number;
}

export function readProcUsage(pid: number): ProcUsage {
  const threads = readdirSync(`/proc/${pid}/task`);
  let cpuNanos = 0n;
  for (const tid of threads) {
    const [onCpu = '0'] = readFileSync(`/proc/${pid}/task/${tid}/schedstat`, 'latin1').split(' ');
    cpuNanos += BigInt(onCpu);
  }
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kib = (key: string): number =>
    Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0);
  return {
    ...{ cpuNanos, threads: threads.length },
    ...{ rssKiB: kib('VmRSS'), anonKiB: kib('RssAnon'), fileKiB: kib('RssFile') },
  };
}

/** Share of all CPUs' time that was used by anybody since boot, in ticks: the first line of `/proc/stat`, proc_stat(5). */
export function readMachineTicks(): { busy: number; total: number } {
  const [, ...values] = (readFileSync('/proc/stat', 'latin1').split('\n')[0] ?? '').split(/ +/);
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] =
    values.map(Number);
  const busy = user + nice + system + irq + softIrq + steal;
  return { busy, total: busy + idle + ioWait };
}
