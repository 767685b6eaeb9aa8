import type { Segment } from '../view-model/line.ts';
import { levelTone } from './log-level.ts';
import { jsonTime } from './log-time.ts';
import { decodeLine, segmentsText } from './terminal-text.ts';
import { formatClockMs } from './time.ts';

/** How lines that are JSON objects are shown: as written, a line each with the usual keys first, or a row a key. */
export type JsonStyle = 'raw' | 'columns' | 'pretty';

/** Names of the usual keys: pino, bunyan, zap, zerolog, logrus, slog, structlog, Serilog, Elastic Common Schema. */
const TIME_KEYS = ['time', 'ts', 'timestamp', '@timestamp', '@t', 't', 'date', 'datetime'];
const LEVEL_KEYS = ['level', 'lvl', 'severity', '@l', 'loglevel', 'log.level', 'levelname'];
const MESSAGE_KEYS = ['msg', 'message', '@m', '@mt', 'event', 'text'];

/** Numbers for levels, as pino and bunyan write them. */
const LEVELS: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};

const LEVEL_WIDTH = 5;
/** A line that becomes more rows than this would hide those around it. */
const MAX_ROWS = 200;
/** Longer lines come in pieces, which are no JSON. */
const MAX_LENGTH = 16_384;

type Fields = Readonly<Record<string, unknown>>;

/** @returns null for a line that is not one JSON object */
export function parseJsonLine(text: string): Fields | null {
  if (text.length > MAX_LENGTH || !/^\s*\{.*\}\s*$/s.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

/**
 * The rows of a line that is a JSON object: time, level and message, then the other keys in their order.
 *
 * @param hasTime the time is wanted in the row itself
 */
export function jsonRows(fields: Fields, style: 'columns' | 'pretty', hasTime: boolean): Segment[][] {
  const timeKey = firstOf(fields, TIME_KEYS);
  const levelKey = firstOf(fields, LEVEL_KEYS);
  const messageKey = firstOf(fields, MESSAGE_KEYS);
  const level = levelKey === undefined ? '' : levelWord(fields[levelKey]);
  const tone = levelTone(`level=${level}`) ?? 'plain';
  const head: Segment[] = [];
  if (timeKey !== undefined && hasTime) head.push({ text: `${timeWord(fields[timeKey])} `, tone: 'dim' });
  if (level !== '') head.push({ text: `${level.padEnd(LEVEL_WIDTH)} `, tone });
  const [message = '', ...more] = messageKey === undefined ? [] : linesOf(fields[messageKey]);
  head.push({ text: message, tone: tone === 'dim' ? 'dim' : tone === 'plain' ? 'strong' : tone });
  const rest = Object.entries(fields).filter(([key]) => ![timeKey, levelKey, messageKey].includes(key));
  if (style === 'columns') {
    for (const [key, value] of rest) {
      head.push({ text: `  ${shown(key)}=`, tone: 'label' }, { text: inline(value) });
    }
    return [head];
  }
  const rows = [head, ...more.map((text): Segment[] => [{ text: `  ${text}` }])];
  for (const [key, value] of rest) put(rows, key, value, 1);
  return rows.length <= MAX_ROWS
    ? rows
    : [...rows.slice(0, MAX_ROWS), [{ text: `  ... ${rows.length - MAX_ROWS} more rows`, tone: 'dim' }]];
}

function firstOf(fields: Fields, keys: readonly string[]): string | undefined {
  return keys.find((key) => Object.hasOwn(fields, key));
}

function levelWord(value: unknown): string {
  return typeof value === 'number' ? (LEVELS[value] ?? String(value)) : shown(String(value)).toUpperCase();
}

function timeWord(value: unknown): string {
  const at = jsonTime(value);
  return at === null ? inline(value) : formatClockMs(at);
}

/** One text in one row: a value is somebody else's, and JSON can write any control character. */
function shown(text: string): string {
  return segmentsText(decodeLine(Buffer.from(text)));
}

function inline(value: unknown): string {
  if (typeof value !== 'string') return shown(JSON.stringify(value) ?? '');
  return /^[^\s="]+$/.test(value) ? shown(value) : shown(JSON.stringify(value));
}

/** A text of several lines, such as a stack trace, as those lines. */
function linesOf(value: unknown): string[] {
  return typeof value === 'string' ? value.split('\n').map(shown) : [inline(value)];
}

function put(rows: Segment[][], key: string, value: unknown, depth: number): void {
  if (rows.length > MAX_ROWS) return;
  const indent = '  '.repeat(depth);
  const label: Segment = { text: `${indent}${shown(key)}: `, tone: 'label' };
  const isNested = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
  if (isNested && depth < 8) {
    rows.push([label]);
    for (const [inner, own] of Object.entries(value)) put(rows, inner, own, depth + 1);
    return;
  }
  const [first = '', ...more] = linesOf(value);
  rows.push([label, { text: first }]);
  for (const text of more) rows.push([{ text: `${indent}  ${text}` }]);
}
