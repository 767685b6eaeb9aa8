const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in at most six characters, in the two greatest units, as kubectl writes ages: `8s`, `5m07s`, `3h12m`, `4d06h`. */
export function formatSpan(spanMs: number): string {
  const ms = Math.max(0, spanMs);
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m${two((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h${two((ms % HOUR) / MINUTE)}m`;
  if (ms < 100 * DAY) return `${Math.floor(ms / DAY)}d${two((ms % DAY) / HOUR)}h`;
  return `${Math.floor(ms / DAY)}d`;
}

/** Local time of day; of another day, its date and the time to the minute. */
export function formatClock(at: number, now: number): string {
  const then = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
  if (then.toDateString() === new Date(now).toDateString()) return time;
  return `${two(then.getMonth() + 1)}-${two(then.getDate())} ${time.slice(0, 5)}`;
}

/** Local time of day to the millisecond, always as wide. */
export function formatClockMs(at: number): string {
  const then = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const ms = String(then.getMilliseconds()).padStart(3, '0');
  return `${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}.${ms}`;
}

/** Local date and time in full. */
export function formatDate(at: number): string {
  const then = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  return `${date} ${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
}
