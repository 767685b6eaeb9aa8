import type { resolutionSchema } from '../../common/domain/instance.ts';
import type { DrainPlan } from '../../common/domain/node.ts';
import type { Role } from '../../common/domain/role.ts';
import type { RolloutControl, RolloutPlan, RolloutRequest } from '../../common/domain/rollout.ts';
import type { Limits, ServiceSpec, ServiceUpdateEffect } from '../../common/domain/service.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import type { PublishEffect } from './config-action.ts';
import type { PublishRequest } from './config-state.ts';
import type { DrainRequest } from './form-drain.ts';
import type { TextField, Verb } from './state.ts';

/** A restart of instances of one service, batch by batch. */
export type RestartRequest = Extract<RolloutRequest, { kind: 'restart' }>;

export const isRestartRequest = (request: RolloutRequest): request is RestartRequest => 'kind' in request;

/** One thing that is asked of the master once somebody has seen what it hits and said yes. */
export type Change =
  | { readonly kind: 'verb'; readonly verb: Verb }
  | { readonly kind: 'remove' }
  | { readonly kind: 'limit'; readonly limits: Limits }
  | { readonly kind: 'resolve'; readonly how: (typeof resolutionSchema.options)[number] }
  | { readonly kind: 'cordon'; readonly nodeId: number; readonly isCordoned: boolean }
  | { readonly kind: 'drain'; readonly request: DrainRequest; readonly plan: DrainPlan }
  /** The next agent that claims it has it. */
  | { readonly kind: 'replace-node'; readonly nodeId: number }
  | {
      readonly kind: 'remove-node';
      readonly nodeId: number;
      readonly alias: string;
      /** Protected services that have something there. */
      readonly confirm: readonly string[];
    }
  | {
      readonly kind: 'scale';
      readonly serviceName: string;
      /** The port is null where the master is to give it out. */
      readonly places: readonly { readonly nodeId: number; readonly port: number | null }[];
      readonly limits: Limits;
      /** What the new instances are started with; null leaves them stopped and empty. */
      readonly release: { readonly releaseId: number; readonly version: string } | null;
    }
  | { readonly kind: 'rollout'; readonly title: string; readonly request: RolloutRequest }
  /** Of several services: of each a rollout, or at once where it hits but one instance of it. */
  | { readonly kind: 'restart'; readonly requests: readonly RestartRequest[] }
  | { readonly kind: 'rollout-control'; readonly rolloutId: number; readonly what: RolloutControl }
  | { readonly kind: 'remove-releases'; readonly releaseIds: readonly number[] }
  | {
      readonly kind: 'update-service';
      readonly spec: ServiceSpec;
      /** Lines of the specification, as diff(1) -u marks them. */
      readonly diff: readonly string[];
      readonly effects: readonly { readonly instanceId: number; readonly effect: ServiceUpdateEffect }[];
    }
  | { readonly kind: 'remove-service'; readonly serviceName: string }
  | {
      readonly kind: 'create-token';
      readonly name: string;
      readonly role: Role;
      readonly isJoin: boolean;
      readonly expiresInMs: number | undefined;
    }
  | { readonly kind: 'rotate-token'; readonly name: string }
  | { readonly kind: 'revoke-token'; readonly name: string }
  | {
      readonly kind: 'publish-config';
      readonly request: PublishRequest;
      readonly effects: readonly { readonly instanceId: number; readonly effect: PublishEffect }[];
    };

/** A change that somebody is asked about. */
export interface Confirm {
  readonly change: Change;
  /** Those that it hits; empty for what hits none. */
  readonly instanceIds: readonly number[];
  /** First visible row of the list of what it hits. */
  readonly top: number;
  /** The name that is typed where a service is protected. */
  readonly field: TextField;
  /** Of a rollout: what the master would do; null until it has said so. */
  readonly plan: RolloutPlan | null;
  /** Why the master would not. */
  readonly refusal: WireError | null;
  /** Sent, not yet answered. */
  readonly isSending: boolean;
}

/** A change under way, shown with the time since it began. */
export interface Task {
  readonly taskId: number;
  readonly label: string;
  readonly change: Change;
  readonly instanceIds: readonly number[];
  readonly startedAt: number;
}

/** Something that is shown once and kept nowhere: the secret of a token. */
export interface Secret {
  readonly name: string;
  readonly secret: string;
}
