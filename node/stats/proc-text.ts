/**
 * Parsers of files below /proc and of /etc/os-release. Pure: text in, figures out. A field that is missing reads as 0, as
 * the kernel leaves out what it does not have.
 */

/** CPU time of the machine since boot, in clock ticks. */
export interface CpuTicks {
  readonly busyTicks: number;
  readonly totalTicks: number;
}

/** First line of `/proc/stat`, proc_stat(5): waiting for I/O counts as idle, time stolen by a hypervisor as neither. */
export function parseCpuTicks(text: string): CpuTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(text)?.[1] ?? ''
  )
    .split(' ')
    .map(Number);
  // Guest time is part of user time already.
  const busyTicks = user + nice + system + irq + softIrq;
  return { busyTicks, totalTicks: busyTicks + idle + ioWait + steal };
}

/** CPUs that are online: lines `cpu0`, `cpu1`, … of `/proc/stat`. */
export function parseCpuCount(text: string): number {
  return text.match(/^cpu\d+ /gm)?.length ?? 0;
}

/** `btime` of `/proc/stat`, in milliseconds since the epoch. */
export function parseBootedAt(text: string): number {
  return Number(/^btime (\d+)$/m.exec(text)?.[1] ?? 0) * 1000;
}

export interface MemInfo {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** `/proc/meminfo`, proc_meminfo(5); its kB are KiB. */
export function parseMeminfo(text: string): MemInfo {
  const bytes = (key: string): number | null => {
    const match = new RegExp(`^${key}: +(\\d+) kB$`, 'm').exec(text);
    return match === null ? null : Number(match[1]) * 1024;
  };
  return {
    totalBytes: bytes('MemTotal') ?? 0,
    availableBytes: bytes('MemAvailable') ?? bytes('MemFree') ?? 0,
  };
}

/** `/proc/loadavg`: 1, 5 and 15 minutes. */
export function parseLoadavg(text: string): [number, number, number] {
  const [one = 0, five = 0, fifteen = 0] = text.split(' ').slice(0, 3).map(Number);
  return [one, five, fifteen];
}

/** `num_threads`, field 20 of `/proc/<pid>/stat`, proc_pid_stat(5), counted behind the command's last parenthesis. */
export function parseThreadCount(text: string): number {
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[17] ?? 0);
}

/** `PRETTY_NAME` of os-release(5), or empty. */
export function parseOsName(text: string): string {
  const value = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1]?.trim() ?? '';
  return value.replace(/^(["'])(.*)\1$/, '$2').replace(/\\(["'`$\\])/g, '$1');
}

/** The version out of what `java -version` prints to stderr: `openjdk version "17.0.15" 2025-04-15`; null for other text. */
export function parseJavaVersion(text: string): string | null {
  return /version "([^"]{1,64})"/.exec(text)?.[1] ?? null;
}
