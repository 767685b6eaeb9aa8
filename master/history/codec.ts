import { type FigureSpan, HISTORY_METRICS } from '../../common/domain/history.ts';
import type { FigureBucket } from './bucket.ts';

/** By metric: what a stored number counts. Memory is kept in KiB, all else as it is. */
const UNITS = HISTORY_METRICS.map((metric) => (metric === 'memoryBytes' ? 1024 : 1));

/** How a metric is stored, two bits each. Most figures of most instances are zero, or the same all the time. */
const UNKNOWN = 0;
const ZERO = 1;
const CONSTANT = 2;
const SPAN = 3;

/**
 * The buckets of many series as bytes: ids as distances, numbers as little endian base 128 (as in protocol buffers), average
 * and greatest as distances from the one before. About 15 bytes for an instance that idles, 33 for a busy one.
 *
 * @param series by id
 */
export function encodeBuckets(series: Iterable<readonly [number, FigureBucket]>): Uint8Array {
  const bytes: number[] = [];
  let before = 0;
  for (const [id, { samples, spans }] of [...series].sort(([one], [other]) => one - other)) {
    putNumber(bytes, id - before);
    putNumber(bytes, samples);
    before = id;
    const scaled = spans.map((span, metric) => span && scale(span, UNITS[metric] ?? 1));
    let forms = 0;
    scaled.forEach((span, metric) => {
      forms += formOf(span) * 4 ** metric;
    });
    putNumber(bytes, forms);
    for (const span of scaled) {
      const form = formOf(span);
      if (span === null || form < CONSTANT) continue;
      const [least, average, greatest] = span;
      putNumber(bytes, least);
      if (form === SPAN) {
        putNumber(bytes, average - least);
        putNumber(bytes, greatest - average);
      }
    }
  }
  return Uint8Array.from(bytes);
}

/** The bucket of one series; null when it is not there. */
export function decodeBucket(bytes: Uint8Array, wanted: number): FigureBucket | null {
  const reader = { bytes, at: 0 };
  let id = 0;
  while (reader.at < bytes.length) {
    id += takeNumber(reader);
    const samples = takeNumber(reader);
    let forms = takeNumber(reader);
    const spans = UNITS.map((unit): FigureSpan | null => {
      const form = forms % 4;
      forms = Math.floor(forms / 4);
      if (form === UNKNOWN) return null;
      const least = form === ZERO ? 0 : takeNumber(reader) * unit;
      if (form !== SPAN) return [least, least, least];
      const average = least + takeNumber(reader) * unit;
      return [least, average, average + takeNumber(reader) * unit];
    });
    if (id === wanted) return { samples, spans };
    if (id > wanted) return null;
  }
  return null;
}

/** Rounded one by one, least, average and greatest could change places. */
function scale([least, average, greatest]: FigureSpan, unit: number): FigureSpan {
  const low = Math.round(least / unit);
  const middle = Math.max(low, Math.round(average / unit));
  return [low, middle, Math.max(middle, Math.round(greatest / unit))];
}

function formOf(span: FigureSpan | null): number {
  if (span === null) return UNKNOWN;
  const [least, average, greatest] = span;
  if (least !== greatest || least !== average) return SPAN;
  return least === 0 ? ZERO : CONSTANT;
}

function putNumber(bytes: number[], value: number): void {
  let left = value;
  while (left >= 128) {
    bytes.push((left % 128) + 128);
    left = Math.floor(left / 128);
  }
  bytes.push(left);
}

function takeNumber(reader: { readonly bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.bytes[reader.at++] ?? 0;
    value += (byte % 128) * factor;
    if (byte < 128) return value;
  }
}
