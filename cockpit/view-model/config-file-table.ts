import type { ConfigVersion } from '../../common/domain/config-file.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { configFile, configKey } from '../store/config-state.ts';
import type { CockpitState, View } from '../store/state.ts';
import type { Column } from './columns.ts';
import { defineTable, type Table } from './define-table.ts';
import type { FilterField } from './filter.ts';

interface VersionRow {
  readonly version: ConfigVersion;
  readonly isPublished: boolean;
  readonly isNewest: boolean;
  /** Master's clock. */
  readonly now: number;
}

const COLUMNS: readonly Column<VersionRow>[] = [
  {
    key: 'version',
    title: 'VERSION',
    align: 'right',
    minWidth: 8,
    priority: 1,
    descendingFirst: true,
    cell: ({ version }) => ({ text: String(version.version), tone: 'strong' }),
    sortValue: ({ version }) => version.version,
  },
  {
    key: 'state',
    title: 'STATE',
    minWidth: 17,
    priority: 2,
    cell: ({ version, isPublished, isNewest }, t) => {
      if (version.isRemoval) return { text: t('removal'), tone: 'warn' };
      if (isPublished) return { text: t(isNewest ? 'newest, published' : 'published'), tone: 'ok' };
      return isNewest ? { text: t('newest'), tone: 'warn' } : { text: '', tone: 'dim' };
    },
  },
  {
    key: 'age',
    title: 'AGE',
    align: 'right',
    minWidth: 6,
    priority: 3,
    isLive: true,
    cell: ({ version, now }) => ({ text: formatSpan(now - version.at) }),
    sortValue: ({ version }) => -version.at,
  },
  {
    key: 'by',
    title: 'BY',
    minWidth: 10,
    maxWidth: 16,
    priority: 4,
    cell: ({ version }) => ({ text: plainText(version.actor) }),
    sortValue: ({ version }) => version.actor,
  },
  {
    key: 'size',
    title: 'SIZE',
    align: 'right',
    minWidth: 5,
    priority: 6,
    cell: ({ version }) => ({ text: version.isRemoval ? '-' : formatBytes(version.sizeBytes) }),
    sortValue: ({ version }) => version.sizeBytes,
  },
  {
    key: 'message',
    title: 'MESSAGE',
    minWidth: 12,
    maxWidth: 120,
    priority: 5,
    cell: ({ version }) => ({ text: plainText(version.message), tone: 'dim' }),
  },
];

const FIELDS: readonly FilterField<VersionRow>[] = [
  { keys: ['version'], amount: ({ version }) => version.version },
  { keys: ['by'], texts: ({ version }) => [version.actor] },
  { keys: ['message'], texts: ({ version }) => [version.message] },
];

function versionRows(state: CockpitState, { screen }: View): VersionRow[] {
  const { versions } = state.config;
  if (screen.name !== 'config-file' || versions?.file !== configKey(screen.file)) return [];
  const file = configFile(state, screen.file);
  return versions.list.map((version, at) => ({
    version,
    isPublished: file?.publishedVersion === version.version,
    isNewest: at === 0,
    now: state.now + state.fleet.masterOffsetMs,
  }));
}

/** The versions of one file, newest first. */
export const CONFIG_FILE_TABLE: Table = defineTable<VersionRow>({
  columns: COLUMNS,
  fields: FIELDS,
  defaultSort: { column: 'version', descending: true },
  inputs: ({ config }) => [config.versions, config.services],
  rows: versionRows,
  rowById: (state, view) => {
    const rows = new Map(versionRows(state, view).map((row) => [row.version.versionId, row]));
    return (id) => rows.get(id);
  },
  idOf: ({ version }) => version.versionId,
  isMarked: ({ config }, id) => config.marks.has(id),
});
