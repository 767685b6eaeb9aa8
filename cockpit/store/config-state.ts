import type {
  ConfigAction,
  ConfigDelivery,
  ConfigFile,
  ConfigPublication,
  ConfigSecret,
  ConfigVersion,
} from '../../common/domain/config-file.ts';
import type { Told } from '../../common/domain/said.ts';
import type { CockpitState } from './state.ts';

/** A file of a service; of one instance alone, where `instanceId` is not null. */
export interface ConfigFileKey {
  readonly serviceName: string;
  readonly name: string;
  readonly instanceId: number | null;
}

/** All that is known of the files of one service. */
export interface ServiceConfig {
  readonly files: readonly ConfigFile[];
  readonly secrets: readonly ConfigSecret[];
  readonly publication: ConfigPublication | null;
  readonly deliveries: readonly ConfigDelivery[];
}

/** What a version of a file says: not there yet, there, or why not. */
export type ConfigText = 'loading' | { readonly text: string } | { readonly problem: Told };

/** What is to be saved as the newest version. */
export type NewVersion =
  | { readonly kind: 'text'; readonly text: string; readonly baseVersion: number }
  | { readonly kind: 'version'; readonly version: number }
  | { readonly kind: 'removal' };

/** Two versions of a file beside one another. */
export interface ConfigDiff {
  readonly file: ConfigFileKey;
  /** What is compared, for people: `version 3`, `nothing`, `what you wrote`. */
  readonly from: string;
  readonly to: string;
  /** As diff(1) -u marks them. */
  readonly lines: readonly string[];
  /** What goes on from here, where the second is to be saved. */
  readonly save: NewVersion | null;
}

export interface ConfigCentre {
  /** By name; null before they were asked for and came. */
  readonly services: ReadonlyMap<string, ServiceConfig> | null;
  /** Every file that was ever seen: a row's id is its place, from 1, so that the cursor stays on a file while others come and go. */
  readonly known: readonly string[];
  /** Of the file that is open, newest first. */
  readonly versions: { readonly file: string; readonly list: readonly ConfigVersion[] } | null;
  /** By version id; the oldest are let go. */
  readonly texts: ReadonlyMap<number, ConfigText>;
  /** Versions that are marked, for comparing. */
  readonly marks: ReadonlySet<number>;
  /** The comparison that was asked for last; null until it is there. */
  readonly diff: ConfigDiff | null;
  /** What was written and is not saved, by file: nothing that somebody typed is lost by a refusal. */
  readonly drafts: ReadonlyMap<string, string>;
  /** Cockpit's clock when files were asked for last. */
  readonly askedAt: number;
}

export const NO_CONFIG: ConfigCentre = {
  services: null,
  known: [],
  versions: null,
  texts: new Map(),
  marks: new Set(),
  diff: null,
  drafts: new Map(),
  askedAt: 0,
};

/** A text that tells one file from every other. */
export function configKey({ serviceName, name, instanceId }: ConfigFileKey): string {
  return `${serviceName}/${name}@${instanceId ?? ''}`;
}

export function withConfig(state: CockpitState, change: Partial<ConfigCentre>): CockpitState {
  return { ...state, config: { ...state.config, ...change } };
}

/** The file with its newest version; undefined when it is gone, or not known yet. */
export function configFile({ config }: CockpitState, key: ConfigFileKey): ConfigFile | undefined {
  return config.services
    ?.get(key.serviceName)
    ?.files.find(({ name, instanceId }) => name === key.name && instanceId === key.instanceId);
}

/** Files that a publication would change: what is newest is not what was published. */
export function unpublished({ files }: Pick<ServiceConfig, 'files'>): ConfigFile[] {
  return files.filter(({ isRemoval, publishedVersion, version }) =>
    isRemoval ? publishedVersion !== null : publishedVersion !== version,
  );
}

/** What somebody asks to be published. */
export interface PublishRequest {
  readonly serviceName: string;
  readonly action: ConfigAction;
  readonly message: string;
  /** Null for all, and those of later days. */
  readonly instanceIds: readonly number[] | null;
}
