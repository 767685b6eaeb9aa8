import type { FleetScope } from '../../common/domain/fleet.ts';
import type { Settings } from '../config/settings.ts';
import type { InsightEffect } from './insight.ts';
import type { LogPaneEffect } from './log-pane.ts';
import type { Verb } from './state.ts';

/** What the reducer wants done outside: plain data, run by client/effects.ts. */
export type Effect =
  | { readonly type: 'watch'; readonly scope: FleetScope }
  | { readonly type: 'load-histories'; readonly instanceIds: readonly number[] }
  | { readonly type: 'load-services' }
  | { readonly type: 'load-releases'; readonly serviceId: number }
  | { readonly type: 'load-rollout'; readonly rolloutId: number }
  | { readonly type: 'load-events' }
  | { readonly type: 'load-rollouts' }
  | {
      readonly type: 'run-verb';
      readonly jobId: number;
      readonly verb: Verb;
      readonly instanceIds: readonly number[];
    }
  | { readonly type: 'create-rollout'; readonly releaseId: number; readonly instanceIds: readonly number[] }
  | {
      readonly type: 'upload';
      readonly uploadId: number;
      readonly serviceName: string;
      readonly file: string;
      readonly version: string;
      readonly message: string;
    }
  | { readonly type: 'cancel-upload'; readonly uploadId: number }
  | { readonly type: 'complete-path'; readonly text: string }
  | { readonly type: 'save-settings'; readonly settings: Settings }
  | { readonly type: 'log'; readonly effect: LogPaneEffect }
  | { readonly type: 'insight'; readonly effect: InsightEffect }
  | { readonly type: 'suspend' }
  | { readonly type: 'switch-context'; readonly name: string }
  | { readonly type: 'exit' };
