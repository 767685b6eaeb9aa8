/** Time stands at the beginning of a line, or behind a level or a host at most. */
const LOOKED_AT_BYTES = 512;

/** ISO 8601 / RFC 3339, with the blank, comma and slashes that loggers put in place of its own signs. */
const ISO =
  /(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?\s?(Z|[+-]\d\d:?\d\d(?!\d))?/;
/** The access log of Apache and nginx: `[22/Nov/2026:08:34:15 +0000]`. */
const ACCESS = /\[(\d\d)\/(\w{3})\/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d{4})\]/;
/** pino, zap, bunyan and others: a number, of milliseconds or of seconds since the epoch. */
const NUMBER = /"(?:time|ts|timestamp|@timestamp|t)"\s*:\s*(\d{9,13}(?:\.\d+)?)/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Greater numbers are milliseconds: as seconds they would be a time beyond the year 5000. */
const GREATEST_SECONDS = 1e11;

/**
 * The time that a line of a log carries, in milliseconds since the epoch; null when it carries none that is known.
 * A time without a zone is taken as local time, as the program's own clock would most likely show it.
 *
 * @param bytes the line; only its beginning is looked at
 */
export function lineTime(bytes: Uint8Array): number | null {
  return textTime(latin1(bytes));
}

/** The same of a text. */
export function textTime(line: string): number | null {
  const text = line.slice(0, LOOKED_AT_BYTES);
  const number = text.trimStart().startsWith('{') ? NUMBER.exec(text) : null;
  if (number !== null) {
    return jsonTime(Number(number[1]));
  }
  return isoTime(text) ?? accessTime(text);
}

/** The time that a field of a JSON line holds: a number of seconds or milliseconds since the epoch, or ISO 8601. */
export function jsonTime(value: unknown): number | null {
  if (typeof value === 'string') return isoTime(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return null;
  return Math.floor(value < GREATEST_SECONDS ? value * 1000 : value);
}

const LEADING = new RegExp(`^\\s*\\[?(?:${ISO.source})\\]?[:,]?\\s*`);

/** How many characters the time takes that a line begins with; 0 when it begins with something else. */
export function leadingTimeLength(text: string): number {
  return LEADING.exec(text.slice(0, 64))?.[0].length ?? 0;
}

function latin1(bytes: Uint8Array): string {
  const length = Math.min(bytes.length, LOOKED_AT_BYTES);
  return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('latin1');
}

function isoTime(text: string): number | null {
  const match = ISO.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', zone] = match;
  const ms = Math.floor(Number(`0.${fraction || '0'}`) * 1000);
  return instant([year, month, day, hour, minute, second].map(Number), ms, zone);
}

function accessTime(text: string): number | null {
  const match = ACCESS.exec(text);
  if (match === null) return null;
  const [, day, month = '', year, hour, minute, second, zone] = match;
  return instant([year, MONTHS.indexOf(month) + 1, day, hour, minute, second].map(Number), 0, zone);
}

function instant(fields: number[], ms: number, zone: string | undefined): number | null {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = fields;
  if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return null;
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second, ms).getTime();
  return Date.UTC(year, month - 1, day, hour, minute, second, ms) - zoneMs(zone);
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}
