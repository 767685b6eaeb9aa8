import type { Generated } from 'kysely';
import type { DesiredState } from '../../common/domain/instance.ts';
import type { Role } from '../../common/domain/role.ts';
import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import type { HistoryScope } from '../history/levels.ts';

/**
 * The tables as SQL sees them. Columns whose name ends in `Json` hold text that a repository parses with the domain's
 * schema; times are milliseconds since the epoch; truth values are 0 or 1, since SQLite has no other.
 */
export interface Database {
  schema_migrations: { version: number; appliedAt: number };
  nodes: {
    nodeId: number;
    agentId: string;
    machineId: string;
    isReplaceable: number;
    isCordoned: number;
    outerAddress: string;
    alias: string;
    innerAddress: string;
    infoJson: string | null;
    clockOffsetMs: number;
    lastSeenAt: number | null;
    createdAt: number;
  };
  services: { serviceId: Generated<number>; name: string; specJson: string; createdAt: number };
  releases: {
    releaseId: Generated<number>;
    serviceId: number;
    version: string;
    message: string;
    sha256: string;
    sizeBytes: number;
    uploadedBy: string;
    uploadedAt: number;
    removedAt: number | null;
  };
  instances: {
    instanceId: Generated<number>;
    serviceId: number;
    nodeId: number;
    host: string;
    port: number;
    limitsJson: string;
    desired: DesiredState;
    revision: number;
    restartGeneration: number;
    releaseId: number | null;
    /** 1 from the moment its removal is decided until its node has forgotten it. */
    removing: number;
    createdAt: number;
    /** The files that were published to it; null when none ever were. */
    configJson: string | null;
    /** Those that it gets when it is its turn to be restarted. */
    nextConfigJson: string | null;
    /** What it is started with until a restart has its turn; null for what its service says. */
    heldLaunchJson: string | null;
  };
  instance_status: { instanceId: number; statusJson: string; reportedAt: number };
  rollouts: {
    rolloutId: Generated<number>;
    kind: Rollout['kind'];
    /** The node that a drain clears. */
    nodeId: number | null;
    serviceId: number;
    releaseId: number;
    actor: string;
    message: string;
    state: Rollout['state'];
    reason: string;
    /** The reason with its facts apart; null for what says it all as it is. */
    saidJson: string | null;
    optionsJson: string;
    isPromoted: number;
    startedAt: number;
    endedAt: number | null;
  };
  rollout_steps: {
    rolloutId: number;
    position: number;
    instanceId: number;
    nodeId: number;
    /** Null in rollouts of before it was noted, of instances that were gone by then. */
    port: number | null;
    action: RolloutStep['action'];
    peerId: number | null;
    state: RolloutStep['state'];
    reason: string;
    saidJson: string | null;
    receivedBytes: number;
    releaseId: number;
    version: string;
    previousReleaseId: number | null;
    previousVersion: string | null;
    previousDesired: DesiredState;
    appliedAt: number | null;
  };
  events: {
    seq: Generated<number>;
    eventId: string;
    at: number;
    kind: string;
    instanceId: number | null;
    nodeId: number | null;
    serviceId: number | null;
    actor: string;
    result: 'ok' | 'failed';
    message: string;
    saidJson: string | null;
  };
  figures_history: {
    rowId: Generated<number>;
    scope: HistoryScope;
    resolutionMs: number;
    nodeId: number;
    at: number;
    data: Uint8Array;
  };
  config_versions: {
    versionId: Generated<number>;
    serviceId: number;
    /** The instance that it is for; 0 for all of the service. */
    scope: number;
    name: string;
    version: number;
    /** Null when this version is that the file is gone. */
    content: string | null;
    sizeBytes: number;
    sha256: string;
    actor: string;
    at: number;
    message: string;
  };
  config_secrets: {
    secretId: Generated<number>;
    serviceId: number;
    name: string;
    version: number;
    keyId: string;
    sealed: string;
    actor: string;
    at: number;
  };
  config_publications: {
    revision: Generated<number>;
    serviceId: number;
    actor: string;
    at: number;
    message: string;
    actionJson: string;
    isWhole: number;
    /** What an instance without files of its own gets. */
    filesJson: string;
  };
  webhooks: { name: string; deliveredSeq: number };
  tokens: {
    tokenId: Generated<number>;
    name: string;
    role: Role;
    hash: string;
    createdAt: number;
    createdBy: string;
    expiresAt: number | null;
    /** The node that it was bound to; null for all. */
    nodeId: number | null;
    /** 1 when the first node that uses it is bound to it. */
    isJoin: number;
    revokedAt: number | null;
  };
}
