import type { ConfigFile, ConfigVersion } from '../../../common/domain/config-file.ts';
import { formatBytes } from '../../format/quantity.ts';
import { formatDate } from '../../format/time.ts';
import { createListing, type Listing } from '../output.ts';
import type { TextColumn } from '../table.ts';

const VERSION_COLUMNS: readonly TextColumn<ConfigVersion>[] = [
  { title: 'VERSION', align: 'right', text: ({ version }) => String(version) },
  {
    title: 'SIZE',
    align: 'right',
    text: (each) => (each.isRemoval ? 'removed' : formatBytes(each.sizeBytes)),
  },
  { title: 'AT', text: ({ at }) => formatDate(at).replace(' ', 'T') },
  { title: 'BY', text: ({ actor }) => actor },
  { title: 'MESSAGE', text: ({ message }) => message },
];

const FILE_COLUMNS: readonly TextColumn<ConfigFile>[] = [
  { title: 'SERVICE', text: ({ serviceName }) => serviceName },
  { title: 'FILE', text: ({ name }) => name },
  { title: 'INSTANCE', align: 'right', text: ({ instanceId }) => String(instanceId ?? 'all') },
  ...VERSION_COLUMNS.slice(0, 1),
  { title: 'PUBLISHED', align: 'right', text: (each) => String(each.publishedVersion ?? '') },
  ...VERSION_COLUMNS.slice(1),
];

/** "app.json", "app.json@3": a file of all instances, or of one. */
export function configFileWords({ name, instanceId }: Pick<ConfigFile, 'name' | 'instanceId'>): string {
  return instanceId === null ? name : `${name}@${instanceId}`;
}

/** Config files with their newest and their published version; those that are gone everywhere are left out. */
export function listConfigFiles(files: readonly ConfigFile[]): Listing {
  return createListing({
    rows: files.filter((each) => !each.isRemoval || each.publishedVersion !== null),
    columns: FILE_COLUMNS,
    name: (each) => `config/${each.serviceName}/${configFileWords(each)}`,
    object: (each) => ({ ...each }),
  });
}

/** The versions of one file. */
export function listConfigVersions(versions: readonly ConfigVersion[]): Listing {
  return createListing({
    rows: versions,
    columns: VERSION_COLUMNS,
    name: ({ version }) => String(version),
    object: (each) => ({ ...each }),
  });
}
