import { displayWidth, takeColumns, truncateStart } from '../format/width.ts';
import { createLineFilter } from '../store/log-filter.ts';
import type { LogViewSpec } from '../store/log-view-spec.ts';
import type { Segment, SegmentLine } from './log-region.ts';
import type { SourceStart } from './log-source.ts';
import type { SourceLine } from './log-source-lines.ts';

const LINE_FEED = Uint8Array.of(0x0a);
const CARRIAGE_RETURN = 0x0d;

/** Collects lines in the order in which they are taken, and makes a segment of them. */
export interface SegmentBuilder {
  take(source: number, line: SourceLine, behind: SourceStart): void;
  /** Bytes that are shown, and bytes looked at. */
  shownBytes(): number;
  scannedBytes(): number;
  hiddenLines(): number;
  isEmpty(): boolean;
  /** @param isUpwards the lines were taken from the last to the first */
  build(places: readonly SourceStart[], isUpwards: boolean): Omit<Segment, 'start'>;
}

/** Foregrounds that tell sources apart on dark and light terminals alike: neither red nor yellow, which mean trouble. */
const COLOURS = ['36', '35', '32', '34', '96', '95', '92', '94'];

/** Columns that a label has in front of each line of a screen: of 80 there are 47 left for the text. */
export const LABEL_COLUMNS = 32;

/**
 * How the lines of a view become bytes: prefixes in the colour of their source, hidden lines left out.
 *
 * @param labelColumns the most that a label takes, where a reader has no more than a screen
 */
export function createLineRenderer(
  { sources, filters }: LogViewSpec,
  hasColours = true,
  labelColumns = Number.POSITIVE_INFINITY,
): (source: number, line: SourceLine) => readonly Uint8Array[] {
  const isShown = createLineFilter(filters);
  const labels = shortened(
    sources.map(({ label }) => label),
    labelColumns,
  );
  const width = Math.max(...labels.map(displayWidth));
  const prefixes = labels.map((label, at) => {
    if (labels.length === 1) return null;
    const padded = label + ' '.repeat(width - displayWidth(label));
    return Buffer.from(hasColours ? `\x1b[${COLOURS[at % COLOURS.length]}m${padded}\x1b[0m ` : `${padded} `);
  });
  return (source, { bytes, isMark }) => {
    if (!isMark && !isShown(bytes)) return [];
    const prefix = prefixes[source];
    const parts = [prefix && hasColours ? lastState(bytes) : bytes];
    if (prefix) parts.unshift(prefix);
    if (bytes.at(-1) !== LINE_FEED[0]) parts.push(LINE_FEED);
    return parts;
  };
}

/** A carriage return begins a line anew: on a screen it would take away whose the line is. */
function lastState(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === LINE_FEED[0] || bytes[end - 1] === CARRIAGE_RETURN)) end -= 1;
  return end === 0 ? bytes : bytes.subarray(bytes.lastIndexOf(CARRIAGE_RETURN, end - 1) + 1);
}

/** One long name would leave no room for the text of all. Its beginning and its end, with the port, tell it from others. */
function shortened(labels: readonly string[], columns: number): readonly string[] {
  const short = labels.map((label) => {
    if (displayWidth(label) <= columns) return label;
    const head = takeColumns(label, Math.floor(columns / 2));
    return head + truncateStart(label, columns - displayWidth(head));
  });
  return new Set(short).size === new Set(labels).size ? short : labels;
}

export function createSegmentBuilder(render: ReturnType<typeof createLineRenderer>): SegmentBuilder {
  const rendered: (readonly Uint8Array[])[] = [];
  const lines: SegmentLine[] = [];
  let shown = 0;
  let scanned = 0;
  let hidden = 0;
  return {
    take: (source, line, behind) => {
      const parts = render(source, line);
      const length = parts.reduce((sum, part) => sum + part.length, 0);
      rendered.push(parts);
      scanned += line.bytes.length;
      shown += length;
      if (length === 0) hidden += 1;
      lines.push({ source, behind, length });
    },
    shownBytes: () => shown,
    scannedBytes: () => scanned,
    hiddenLines: () => hidden,
    isEmpty: () => lines.length === 0,
    build: (places, isUpwards) => {
      if (isUpwards) {
        rendered.reverse();
        lines.reverse();
      }
      return {
        places,
        lines: withoutHidden(lines),
        bytes: Buffer.concat(rendered.flat()),
        scannedBytes: scanned,
      };
    },
  };
}

/** Runs of hidden lines of one source as one: a view that shows little looks at a lot. */
function withoutHidden(lines: readonly SegmentLine[]): SegmentLine[] {
  const kept: SegmentLine[] = [];
  for (const line of lines) {
    const last = kept.at(-1);
    if (last?.length === 0 && line.length === 0 && last.source === line.source) kept[kept.length - 1] = line;
    else kept.push(line);
  }
  return kept;
}
