import type { Release } from '../../common/domain/release.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import type { CockpitState } from '../store/state.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import type { FilterField } from './filter.ts';

interface ReleaseRow {
  readonly release: Release;
  readonly ageMs: number;
  /** How many instances run it, and how many of its service there are. */
  readonly on: number;
  readonly of: number;
  readonly nodes: readonly string[];
}

const COLUMNS: readonly Column<ReleaseRow>[] = [
  {
    key: 'name',
    title: 'SERVICE',
    minWidth: 12,
    maxWidth: 24,
    priority: 2,
    cell: ({ release }) => ({ text: release.serviceName, tone: 'strong' }),
    sortValue: ({ release }) => release.serviceName,
  },
  {
    key: 'release',
    title: 'RELEASE',
    minWidth: 12,
    maxWidth: 24,
    priority: 1,
    cell: ({ release }) => ({ text: release.version, tone: 'strong' }),
    sortValue: ({ release }) => release.version,
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 4,
    isLive: true,
    cell: ({ ageMs }) => ({ text: formatSpan(ageMs) }),
    // The moment, not the age, so that the order does not change by itself.
    sortValue: ({ release }) => -release.uploadedAt,
  },
  {
    key: 'size',
    title: 'SIZE',
    align: 'right',
    minWidth: 5,
    priority: 6,
    descendingFirst: true,
    cell: ({ release }) => ({ text: formatBytes(release.sizeBytes) }),
    sortValue: ({ release }) => release.sizeBytes,
  },
  {
    key: 'by',
    title: 'BY',
    minWidth: 8,
    maxWidth: 16,
    priority: 5,
    cell: ({ release }) => ({ text: plainText(release.uploadedBy) }),
    sortValue: ({ release }) => release.uploadedBy,
  },
  {
    key: 'on',
    title: 'ON',
    align: 'right',
    minWidth: 5,
    priority: 3,
    descendingFirst: true,
    cell: ({ on, of }) => (on === 0 ? { text: '-', tone: 'dim' } : { text: `${on}/${of}`, tone: 'ok' }),
    sortValue: ({ on }) => on,
  },
  {
    key: 'nodes',
    title: 'NODES',
    minWidth: 10,
    maxWidth: 30,
    priority: 8,
    cell: ({ nodes }) => ({ text: nodes.join(', ') || '-', tone: nodes.length === 0 ? 'dim' : 'plain' }),
  },
  {
    key: 'message',
    title: 'MESSAGE',
    minWidth: 12,
    maxWidth: 60,
    priority: 7,
    cell: ({ release }) => ({ text: plainText(release.message), tone: 'dim' }),
  },
  {
    key: 'sha256',
    title: 'SHA256',
    minWidth: 12,
    priority: 9,
    isOnDemand: true,
    cell: ({ release }) => ({ text: release.sha256.slice(0, 12), tone: 'dim' }),
  },
];

const FIELDS: readonly FilterField<ReleaseRow>[] = [
  { keys: ['service', 'svc', 'name'], texts: ({ release }) => [release.serviceName] },
  { keys: ['release', 'version'], texts: ({ release }) => [release.version] },
  { keys: ['by'], texts: ({ release }) => [release.uploadedBy] },
  { keys: ['age'], isLive: true, unit: 'span', amount: ({ ageMs }) => ageMs },
  { keys: ['size'], unit: 'bytes', amount: ({ release }) => release.sizeBytes },
  { keys: ['on'], amount: ({ on }) => on },
  { keys: ['node'], texts: ({ nodes }) => nodes },
  { keys: ['message'], texts: ({ release }) => [release.message] },
];

/** Where each release runs, in one pass over the fleet. */
function releaseRows({ fleet, catalog, now }: CockpitState): Map<number, ReleaseRow> {
  const runs = new Map<number, { on: number; nodes: Set<number> }>();
  const members = new Map<number, number>();
  for (const { serviceId, nodeId, status } of fleet.instances.values()) {
    members.set(serviceId, (members.get(serviceId) ?? 0) + 1);
    const releaseId = status?.pid == null ? undefined : status.release?.releaseId;
    if (releaseId === undefined) continue;
    const known = runs.get(releaseId) ?? { on: 0, nodes: new Set<number>() };
    known.on += 1;
    known.nodes.add(nodeId);
    runs.set(releaseId, known);
  }
  const masterNow = now + fleet.masterOffsetMs;
  const rows = new Map<number, ReleaseRow>();
  for (const release of [...catalog.releases.values()].flat()) {
    const use = runs.get(release.releaseId);
    rows.set(release.releaseId, {
      release,
      ageMs: masterNow - release.uploadedAt,
      on: use?.on ?? 0,
      of: members.get(release.serviceId) ?? 0,
      nodes: [...(use?.nodes ?? [])].map((id) => nodeWords(fleet.nodes.get(id), id)),
    });
  }
  return rows;
}

/** Everything that was uploaded, newest first. */
export const RELEASES_TABLE: Table = defineTable<ReleaseRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'age', descending: false },
  inputs: ({ fleet, catalog }, { table }, need) => [
    catalog.releases,
    table.sort.column === 'on' || need.filter ? fleet.instances : null,
  ],
  rows: (state) => [...releaseRows(state).values()],
  rowById: (state) => {
    const rows = releaseRows(state);
    return (id) => rows.get(id);
  },
  idOf: ({ release }) => release.releaseId,
  isMarked: ({ releaseMarks }, id) => releaseMarks.has(id),
});
