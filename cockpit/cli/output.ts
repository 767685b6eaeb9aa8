import { type Command, Option } from 'commander';
import { plainJson } from '../format/plain-text.ts';
import type { CliIo } from './io.ts';
import { formatTable, type TextColumn } from './table.ts';

const FORMATS = ['table', 'wide', 'json', 'yaml', 'jsonl', 'name'] as const;
export type OutputFormat = (typeof FORMATS)[number];

/** How one thing can be printed: as a page for people, or whole. */
export const ONE_THING = ['table', 'json', 'yaml'] as const satisfies readonly OutputFormat[];

/** Things of one kind, in all the forms in which they can be printed; the lists are in the same order. */
export interface Listing {
  /** Plain objects, as docs/CLI.md has them. */
  readonly objects: readonly Record<string, unknown>[];
  /** `instance/3`: what other commands take. */
  readonly names: readonly string[];
  /** One line for the titles, then one a thing. */
  table(isWide: boolean): string[];
  /** What of each has to differ for it to count as changed: figures and ages do so all the time. */
  readonly marks: readonly string[];
}

export function createListing<Row>(options: {
  rows: readonly Row[];
  columns: readonly TextColumn<Row>[];
  /** Shown behind the others with `-o wide`. */
  wideColumns?: readonly TextColumn<Row>[];
  name: (row: Row) => string;
  object: (row: Row) => Record<string, unknown>;
  mark?: (row: Row) => unknown;
}): Listing {
  const { rows, columns, wideColumns = [], name, object, mark = object } = options;
  return {
    objects: rows.map(object),
    names: rows.map(name),
    table: (isWide) => formatTable(isWide ? [...columns, ...wideColumns] : columns, rows),
    marks: rows.map((row) => JSON.stringify(mark(row))),
  };
}

/** Only the things at these places. */
export function pick(listing: Listing, places: readonly number[]): Listing {
  const at = <T>(list: readonly T[]): T[] => places.flatMap((place) => list.slice(place, place + 1));
  return {
    objects: at(listing.objects),
    names: at(listing.names),
    marks: at(listing.marks),
    table(isWide) {
      const [titles = '', ...lines] = listing.table(isWide);
      return [titles, ...at(lines)];
    },
  };
}

export function addOutputOption(command: Command, formats: readonly OutputFormat[] = FORMATS): Command {
  return command.addOption(
    new Option('-o, --output <format>', 'how to print it').choices([...formats]).default('table'),
  );
}

/** @param format a choice of `addOutputOption` */
export async function printListing(io: CliIo, listing: Listing, format: OutputFormat): Promise<void> {
  io.stdout.write(await textOf(listing, format));
}

async function textOf(listing: Listing, format: OutputFormat): Promise<string> {
  switch (format) {
    case 'json':
      return `${toJson(listing.objects, 2)}\n`;
    case 'yaml':
      return await toYaml(listing.objects);
    case 'table':
    case 'wide':
      return linesOf(listing.table(format === 'wide'));
    default:
      return linesOf(await entriesOf(listing, format));
  }
}

/** Each thing by itself, for a stream of them: as a line, or as a document of YAML. */
export async function entriesOf(listing: Listing, format: OutputFormat): Promise<string[]> {
  switch (format) {
    case 'name':
      return [...listing.names];
    case 'yaml':
      return await Promise.all(listing.objects.map(async (each) => `---\n${(await toYaml(each)).trimEnd()}`));
    case 'table':
    case 'wide':
      return listing.table(format === 'wide').slice(1);
    default:
      return listing.objects.map((each) => toJson(each));
  }
}

/** Things that have no table. */
export async function printObjects(
  io: CliIo,
  rows: readonly Record<string, unknown>[],
  format: OutputFormat,
): Promise<void> {
  const listing = createListing({ rows, columns: [], name: () => '', object: (each) => each });
  await printListing(io, listing, format);
}

/** One thing as JSON or YAML. */
export async function printObject(io: CliIo, value: object, format: 'json' | 'yaml'): Promise<void> {
  io.stdout.write(format === 'json' ? `${toJson(value, 2)}\n` : await toYaml(value));
}

function toJson(value: unknown, indent = 0): string {
  return plainJson(JSON.stringify(value, null, indent));
}

function linesOf(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/**
 * Loaded when it is needed: most commands print none. By its default: bundled, a CommonJS module that is imported so has
 * no named exports.
 */
async function toYaml(value: unknown): Promise<string> {
  const { stringify } = (await import('yaml')).default;
  // Without folding, so that what is one line stays one for grep(1); aliases mean nothing to whoever reads it.
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
