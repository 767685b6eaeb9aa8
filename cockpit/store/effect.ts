import type { FleetScope } from '../../common/domain/fleet.ts';
import type { RolloutRequest } from '../../common/domain/rollout.ts';
import type { ServiceSpec } from '../../common/domain/service.ts';
import type { Settings } from '../config/settings.ts';
import type { Change } from './change.ts';
import type { ConfigEffect } from './config-action.ts';
import type { DrainRequest } from './form-drain.ts';
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
      /** Names of protected services that somebody has typed. */
      readonly confirm?: readonly string[];
    }
  | { readonly type: 'plan-drain'; readonly request: DrainRequest }
  | { readonly type: 'plan-rollout'; readonly request: RolloutRequest }
  | {
      readonly type: 'create-rollout';
      readonly request: RolloutRequest;
      readonly confirm?: readonly string[];
    }
  /** Looks for the last rollout of a service that left something changed. */
  | {
      readonly type: 'find-rollback';
      readonly serviceId: number;
      readonly serviceName: string;
      readonly instanceIds: readonly number[];
    }
  | {
      readonly type: 'run-change';
      readonly taskId: number;
      readonly change: Change;
      readonly instanceIds: readonly number[];
      readonly confirm?: readonly string[];
    }
  | { readonly type: 'load-all-releases' }
  | { readonly type: 'load-release-diff'; readonly fromReleaseId: number; readonly toReleaseId: number }
  | { readonly type: 'load-tokens' }
  /** What instances used within the last hour, for a form that is open. */
  | { readonly type: 'load-use'; readonly instanceIds: readonly number[]; readonly to: number }
  /** The user's editor on a text. */
  | { readonly type: 'edit-text'; readonly serviceName: string; readonly text: string }
  /** What another specification of a service would do. */
  | {
      readonly type: 'plan-service';
      readonly spec: ServiceSpec;
      readonly before: string;
      readonly text: string;
    }
  | { readonly type: 'copy'; readonly text: string }
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
  | { readonly type: 'config'; readonly effect: ConfigEffect }
  | { readonly type: 'suspend' }
  | { readonly type: 'switch-context'; readonly name: string }
  | { readonly type: 'exit' };
