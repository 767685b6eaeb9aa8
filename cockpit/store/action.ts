import type { SgridEvent } from '../../common/domain/event.ts';
import type { FiguresHistory } from '../../common/domain/figures.ts';
import type { FleetFrame, FleetSnapshot } from '../../common/domain/fleet.ts';
import type { DrainPlan } from '../../common/domain/node.ts';
import type { PackageDiff, Release } from '../../common/domain/release.ts';
import type { Rollout, RolloutPlan, RolloutRequest } from '../../common/domain/rollout.ts';
import type { Service, ServiceSpec, ServiceUpdateEffect } from '../../common/domain/service.ts';
import type { TokenView } from '../../common/domain/token.ts';
import type { InstanceOutcome } from '../../common/protocol/cockpit-link.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { CopyNote } from '../client/clipboard.ts';
import type { LinkState } from '../client/master-client.ts';
import type { Word } from '../language/translate.ts';
import type { ConfigCentreAction } from './config-action.ts';
import type { ConfigAsk } from './config-asks.ts';
import type { DrainRequest } from './form-drain.ts';
import type { InsightAction } from './insight.ts';
import type { LogPaneAction } from './log-pane.ts';
import type { Screen, Size, Verb } from './state.ts';
import type { ChangeResult } from './tasks.ts';

/** What comes from the master, asked or unasked. */
export type DataAction =
  | { readonly type: 'link'; readonly link: LinkState }
  | { readonly type: 'snapshot'; readonly snapshot: FleetSnapshot }
  | { readonly type: 'frame'; readonly frame: FleetFrame }
  | { readonly type: 'histories'; readonly histories: readonly FiguresHistory[] }
  | { readonly type: 'services'; readonly services: readonly Service[] }
  | { readonly type: 'all-releases'; readonly releases: readonly Release[] }
  | {
      readonly type: 'release-diff';
      readonly from: Release;
      readonly to: Release;
      readonly diff: PackageDiff;
    }
  | { readonly type: 'tokens'; readonly tokens: readonly TokenView[] }
  | { readonly type: 'releases'; readonly serviceId: number; readonly releases: readonly Release[] }
  | { readonly type: 'rollout'; readonly rollout: Rollout }
  | { readonly type: 'rollouts'; readonly rollouts: readonly Rollout[] }
  | { readonly type: 'events'; readonly events: readonly SgridEvent[]; readonly whole: boolean };

/** What becomes of an effect. */
export type ResultAction =
  | { readonly type: 'job-done'; readonly jobId: number; readonly outcomes: readonly InstanceOutcome[] }
  | { readonly type: 'job-failed'; readonly jobId: number; readonly error: WireError }
  | { readonly type: 'rollout-created'; readonly rollout: Rollout }
  | { readonly type: 'rollout-refused'; readonly error: WireError }
  | { readonly type: 'rollout-planned'; readonly request: RolloutRequest; readonly plan: RolloutPlan }
  | { readonly type: 'plan-refused'; readonly request: RolloutRequest; readonly refusal: WireError }
  | {
      readonly type: 'rollback-found';
      readonly serviceName: string;
      readonly instanceIds: readonly number[];
      readonly rollouts: readonly Rollout[];
    }
  | { readonly type: 'change-done'; readonly taskId: number; readonly result: ChangeResult }
  | { readonly type: 'change-failed'; readonly taskId: number; readonly error: WireError }
  | {
      readonly type: 'use';
      readonly instanceIds: readonly number[];
      readonly histories: readonly FiguresHistory[];
      /** Between two samples. */
      readonly stepMs: number;
    }
  /** The user's editor ended; `text` is what it left. */
  | {
      readonly type: 'edited';
      readonly serviceName: string;
      readonly before: string;
      readonly text: string;
    }
  | { readonly type: 'edit-failed'; readonly error: WireError }
  | {
      readonly type: 'service-planned';
      readonly spec: ServiceSpec;
      readonly before: string;
      readonly effects: readonly {
        readonly instanceId: number;
        readonly effect: ServiceUpdateEffect;
      }[];
    }
  | {
      readonly type: 'service-refused';
      readonly serviceName: string;
      readonly text: string;
      readonly error: WireError;
    }
  | { readonly type: 'drain-planned'; readonly request: DrainRequest; readonly plan: DrainPlan }
  | { readonly type: 'drain-refused'; readonly error: WireError }
  | { readonly type: 'copied'; readonly how: CopyNote }
  | {
      readonly type: 'upload-progress';
      readonly uploadId: number;
      readonly sentBytes: number;
      readonly totalBytes: number;
    }
  | { readonly type: 'upload-done'; readonly uploadId: number; readonly release: Release }
  | { readonly type: 'upload-failed'; readonly uploadId: number; readonly error: WireError }
  | {
      readonly type: 'path-completed';
      readonly asked: string;
      readonly path: string;
      readonly completions: readonly string[];
    }
  | { readonly type: 'save-failed'; readonly error: WireError }
  | { readonly type: 'load-failed'; readonly what: Word; readonly error: WireError };

export type CursorMove = 'up' | 'down' | 'page-up' | 'page-down' | 'home' | 'end';

export type EditAction =
  | { readonly type: 'insert'; readonly text: string }
  | { readonly type: 'erase'; readonly what: 'character' | 'word' | 'line' }
  | { readonly type: 'move'; readonly to: 'left' | 'right' | 'home' | 'end' };

/** What can be asked for with a key or a word of the palette; it works on what is selected or marked. */
export type Ask =
  | ConfigAsk
  | 'remove'
  | 'limits'
  | 'scale'
  | 'resolve'
  | 'cordon'
  | 'drain'
  | 'replace-node'
  | 'roll-back'
  | 'edit'
  | 'pause'
  | 'abort'
  | 'compare'
  | 'releases'
  | 'rollout-options'
  | 'create-token'
  | 'rotate-token'
  | 'revoke-token';

/** What a key, or a line of the palette, asks for. */
export type CommandAction =
  | { readonly type: 'cursor'; readonly move: CursorMove }
  | { readonly type: 'open' }
  | { readonly type: 'back' }
  | { readonly type: 'go'; readonly screen: Screen; readonly filter?: string }
  | { readonly type: 'mark' }
  | { readonly type: 'mark-all' }
  | { readonly type: 'mark-range' }
  | { readonly type: 'unmark' }
  | { readonly type: 'bad-first' }
  | { readonly type: 'columns' }
  | { readonly type: 'pick-sort' }
  | { readonly type: 'sort'; readonly column: string }
  | { readonly type: 'prompt'; readonly kind: 'palette' | 'filter' }
  | { readonly type: 'edit'; readonly edit: EditAction }
  | { readonly type: 'complete'; readonly step: 1 | -1 }
  | { readonly type: 'recall'; readonly step: 1 | -1 }
  | { readonly type: 'visit'; readonly to: 'back' | 'forward' | 'last' }
  | { readonly type: 'submit' }
  | { readonly type: 'cancel' }
  | { readonly type: 'ask'; readonly verb: Verb }
  | { readonly type: 'confirm' }
  /** Something that is asked about first, in a form or at once. */
  | { readonly type: 'change'; readonly what: Ask }
  /** How many at the same time. */
  | { readonly type: 'copy-secret' }
  /** To the screen below, whatever goes on. */
  | { readonly type: 'leave' }
  | { readonly type: 'deploy' }
  | { readonly type: 'deploy-archive' }
  | { readonly type: 'describe' }
  /** `previous`: at the beginning of the run before the present one. */
  | { readonly type: 'logs'; readonly run?: 'previous' }
  | { readonly type: 'help' }
  /** A key that means nothing on this screen. */
  | { readonly type: 'unbound'; readonly key: string }
  /** On a row of the screen, from 0: selects what is there; on what is selected, opens it. */
  | { readonly type: 'click'; readonly row: number }
  | { readonly type: 'suspend' }
  /** Another palette; without a name, the next one. */
  | { readonly type: 'theme'; readonly name: string }
  /** Another master, by its name in the config file; without one, their names are told. */
  | { readonly type: 'context'; readonly name: string }
  | { readonly type: 'tour' }
  | { readonly type: 'quit' };

export type Action =
  | DataAction
  | ResultAction
  | CommandAction
  | { readonly type: 'tick' }
  | { readonly type: 'resize'; readonly size: Size }
  | { readonly type: 'log'; readonly action: LogPaneAction }
  | { readonly type: 'insight'; readonly action: InsightAction }
  | { readonly type: 'config'; readonly action: ConfigCentreAction };
