import type { SourceStart } from './log-source.ts';

/** Lines of several logs, in order, as bytes of one. */
export interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each log stands before its first line. */
  readonly places: readonly SourceStart[];
  /** Its lines: how many bytes each takes here (none when hidden), and where its own log stands behind it. */
  readonly lines: readonly SegmentLine[];
  /** Bytes of the logs that were looked at for it. */
  readonly scannedBytes: number;
}

export interface SegmentLine {
  readonly source: number;
  readonly behind: SourceStart;
  readonly length: number;
}

/** A part of a merged log without a gap. Its offsets are its own: they say nothing about those of the logs. */
export interface Region {
  readonly segments: readonly Segment[];
  readonly start: number;
  readonly end: number;
}

export function emptyRegion(offset: number): Region {
  return { segments: [], start: offset, end: offset };
}

/** Small ones are joined, so that a log that comes line by line does not become a list of lines. */
const JOINED_BYTES = 65_536;
const JOINED_LINES = 4096;

export function appendSegment(region: Region, segment: Omit<Segment, 'start'>): Region {
  const end = region.end + segment.bytes.length;
  const last = region.segments.at(-1);
  const isJoined =
    last !== undefined &&
    last.bytes.length + segment.bytes.length <= JOINED_BYTES &&
    last.lines.length + segment.lines.length <= JOINED_LINES;
  if (!isJoined) return { ...region, segments: [...region.segments, { ...segment, start: region.end }], end };
  const joined: Segment = {
    ...last,
    bytes: Buffer.concat([last.bytes, segment.bytes]),
    lines: [...last.lines, ...segment.lines],
    scannedBytes: last.scannedBytes + segment.scannedBytes,
  };
  return { ...region, segments: [...region.segments.slice(0, -1), joined], end };
}

export function prependSegment(region: Region, segment: Omit<Segment, 'start'>): Region {
  const start = region.start - segment.bytes.length;
  return { ...region, segments: [{ ...segment, start }, ...region.segments], start };
}

/** At most `maxBytes` from `offset` on. */
export function bytesBehind({ segments }: Region, offset: number, maxBytes: number): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let left = maxBytes;
  for (const { start, bytes } of segments.slice(indexAt(segments, offset))) {
    if (left <= 0) break;
    const from = Math.max(0, offset - start);
    const part = bytes.subarray(from, from + left);
    parts.push(part);
    left -= part.length;
  }
  return Buffer.concat(parts);
}

export function bytesBefore(region: Region, offset: number, maxBytes: number): Uint8Array<ArrayBuffer> {
  const start = Math.max(region.start, offset - maxBytes);
  return bytesBehind(region, start, offset - start);
}

/** Where each log stands at `offset`; null when the region does not hold it. */
export function placesAt(region: Region, offset: number): readonly SourceStart[] | null {
  const segment = region.segments[indexAt(region.segments, offset)];
  if (segment === undefined) return null;
  const places = [...segment.places];
  let at = segment.start;
  for (const { source, behind, length } of segment.lines) {
    if (at + length > offset) break;
    places[source] = behind;
    at += length;
  }
  return places;
}

/** Index of the last segment that begins at or before `offset`. */
function indexAt(segments: readonly Segment[], offset: number): number {
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((segments[middle]?.start ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function scannedBytes({ segments }: Region): number {
  return segments.reduce((sum, segment) => sum + segment.scannedBytes, 0);
}

/** Lets go of segments at the end farther from `offset` until at most `maxBytes` are held. */
export function trimRegion(region: Region, offset: number, maxBytes: number): Region {
  if (region.end - region.start <= maxBytes) return region;
  const isTop = offset - region.start > region.end - offset;
  const segments = isTop ? region.segments.slice(1) : region.segments.slice(0, -1);
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) return region;
  return trimRegion({ segments, start: first.start, end: last.start + last.bytes.length }, offset, maxBytes);
}
