import type { ConfigSecret, ConfigVersion } from '../../common/domain/config-file.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { Word } from '../language/translate.ts';
import type { ConfigFileKey, ConfigText, NewVersion, PublishRequest, ServiceConfig } from './config-state.ts';

export type PublishEffect = 'unchanged' | 'live' | 'signal' | 'restart';

/** What comes of the effects of the config centre. */
export type ConfigCentreAction =
  /** `isWhole`: of all services; else of those that were asked for. */
  | {
      readonly type: 'config-listed';
      readonly services: ReadonlyMap<string, ServiceConfig>;
      readonly isWhole: boolean;
    }
  | {
      readonly type: 'config-versions';
      readonly file: ConfigFileKey;
      readonly versions: readonly ConfigVersion[];
    }
  | { readonly type: 'config-text'; readonly versionId: number; readonly text: ConfigText }
  | {
      readonly type: 'config-compared';
      readonly file: ConfigFileKey;
      readonly from: ComparedText;
      readonly to: ComparedText;
      readonly save: NewVersion | null;
    }
  /** The user's editor ended. */
  | {
      readonly type: 'config-edited';
      readonly file: ConfigFileKey;
      /** The newest that is saved; version 0 for none. */
      readonly base: ComparedText;
      /** What the editor began with. */
      readonly before: string;
      readonly text: string;
    }
  | {
      readonly type: 'config-saved';
      readonly version: ConfigVersion;
      readonly isChanged: boolean;
      readonly publish: PublishRequest | null;
    }
  | { readonly type: 'config-not-saved'; readonly file: ConfigFileKey; readonly error: WireError }
  | {
      readonly type: 'config-planned';
      readonly request: PublishRequest;
      readonly effects: readonly { readonly instanceId: number; readonly effect: PublishEffect }[];
    }
  | { readonly type: 'secret-set'; readonly serviceName: string; readonly secret: ConfigSecret }
  | { readonly type: 'secret-not-set'; readonly error: WireError }
  | { readonly type: 'config-failed'; readonly what: Word; readonly error: WireError };

/** A text with the number of its version; version 0 for no file. */
export interface ComparedText {
  readonly version: number;
  readonly text: string;
}

export type ConfigEffect =
  /** Null: of all services. */
  | { readonly type: 'load-config'; readonly serviceNames: readonly string[] | null }
  | { readonly type: 'load-config-versions'; readonly file: ConfigFileKey }
  | {
      readonly type: 'load-config-text';
      readonly file: ConfigFileKey;
      readonly version: number;
      readonly versionId: number;
    }
  | {
      readonly type: 'compare-config';
      readonly file: ConfigFileKey;
      /** Null for no file. */
      readonly from: number | null;
      readonly to: number | null;
      readonly save: NewVersion | null;
    }
  /** @see ConfigCentreAction `config-edited` */
  | { readonly type: 'edit-config'; readonly file: ConfigFileKey; readonly draft: string | null }
  | {
      readonly type: 'save-config';
      readonly file: ConfigFileKey;
      readonly what: NewVersion;
      readonly message: string;
      readonly publish: PublishRequest | null;
    }
  | {
      readonly type: 'set-secret';
      readonly serviceName: string;
      readonly name: string;
      readonly value: string;
    }
  | { readonly type: 'plan-config'; readonly request: PublishRequest };
