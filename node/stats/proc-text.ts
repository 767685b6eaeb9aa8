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
  return ticksOf(/^cpu +(.*)$/m.exec(text)?.[1] ?? '');
}

/** The same of each CPU that is online, by its number, in their order. A CPU that is taken offline loses its line. */
export function parseCoreTicks(text: string): Map<number, CpuTicks> {
  const cores = [...text.matchAll(/^cpu(\d+) (.*)$/gm)];
  return new Map(cores.map(([, core, values = '']) => [Number(core), ticksOf(values)]));
}

function ticksOf(values: string): CpuTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = values
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
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
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
    swapTotalBytes: bytes('SwapTotal') ?? 0,
    swapFreeBytes: bytes('SwapFree') ?? 0,
  };
}

/** Bytes that an interface has moved since it was made. */
export interface InterfaceBytes {
  readonly received: number;
  readonly sent: number;
}

/** `/proc/net/dev`, proc_pid_net(5): by the interface's name, without loopback. */
export function parseNetworkBytes(text: string): Map<string, InterfaceBytes> {
  const interfaces = new Map<string, InterfaceBytes>();
  for (const line of text.split('\n')) {
    // A name is up to the last colon: aliases of old kernels hold one themselves. A wide number leaves no space behind it.
    const nameEnd = line.lastIndexOf(':');
    const name = line.slice(0, nameEnd).trim();
    if (nameEnd < 0 || name === 'lo') continue;
    const values = line
      .slice(nameEnd + 1)
      .trim()
      .split(/ +/)
      .map(Number);
    interfaces.set(name, { received: values[0] ?? 0, sent: values[8] ?? 0 });
  }
  return interfaces;
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
