const UNITS = ['B', 'K', 'M', 'G', 'T', 'P'];

/** Bytes in powers of 1024, at most five characters, as `ls -h` and `free -h` write them: `512B`, `1.5K`, `118M`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)}${UNITS[unit] ?? ''}`;
}

/** Thousandths of a core as top(1) writes CPU: 100 is one core kept busy. */
export function formatCpuPercent(millicores: number): string {
  const percent = millicores / 10;
  return percent < 99.95 ? percent.toFixed(1) : percent.toFixed(0);
}

export function formatPercent(part: number, whole: number): string {
  return whole <= 0 ? '-' : `${Math.round((100 * part) / whole)}%`;
}

/** Cores without a useless zero: `2`, `1.5`, `0.25`. */
export function formatCores(cores: number): string {
  return String(Math.round(cores * 100) / 100);
}

/** `1 node`, `2 nodes`. */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
