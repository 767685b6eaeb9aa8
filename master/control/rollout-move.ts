import type { NodeNames } from '../../common/domain/instance-name.ts';
import type { RolloutState, RolloutStep } from '../../common/domain/rollout.ts';
import type { Told } from '../../common/domain/said.ts';
import type { GateObservation } from './rollout-gate.ts';

/** Whether a node fetches for a step before its turn; one that failed at it is left to the step's own turn, which tells why. */
export type FetchedAhead = 'untried' | 'under-way' | 'failed';

/** What is known of an instance of a rollout. All durations in milliseconds. */
export interface StepObservation extends GateObservation {
  /** False when the instance was removed, or its removal was decided. */
  exists: boolean;
  /** Its node has forgotten it, and so has the master. */
  isGone: boolean;
  nodeUp: boolean;
  /** It is to run; an operator may have stopped one that was done. */
  isWanted: boolean;
  /** The node has the release unpacked. Known only to the process that asked: asking again is harmless. */
  isPrepared: boolean;
  /** Of fetching before its turn. As forgetful. */
  ahead: FetchedAhead;
  /** How long not to ask its node: a question is under way (then infinite), or has just been cut off. */
  busyMs: number;
  /** How long it has been seen down without a break. */
  downMs: number;
  /** Error that the node answered with; null while there is none. Failures of the link are none. */
  failure: Told | null;
}

export interface RolloutSurroundings {
  /** How long a rollout waits for a node that went away (an agent being upgraded), or for a master's agents to return. */
  nodeWaitMs: number;
  /** For its reasons. */
  nodeName: NodeNames;
}

/** Changes of the rollout's own state in the database; all of one round are one transaction. */
export type RolloutWrite =
  /** A step's new state; most of them also change what is wanted of the instance. */
  | { kind: 'step'; position: number; state: RolloutStep['state']; reason: Told }
  /** The canary is up. */
  | { kind: 'promote' }
  /** To `rolling-back`, or to an end. */
  | { kind: 'state'; state: RolloutState; reason: Told };

export type RolloutMove =
  | RolloutWrite
  | { kind: 'prepare'; position: number }
  /** The same before its turn; that it fails is nobody's failure. */
  | { kind: 'fetch-ahead'; position: number }
  | { kind: 'apply'; position: number }
  | { kind: 'remove'; position: number }
  /** Look again when something has changed, and after `forMs` at the latest. */
  | { kind: 'wait'; forMs: number };

export function isWrite(move: RolloutMove): move is RolloutWrite {
  return move.kind === 'step' || move.kind === 'promote' || move.kind === 'state';
}
