import type { Kysely } from 'kysely';
import { type ConfigRef, configRefSchema } from '../../common/domain/config-file.ts';
import type { DesiredState } from '../../common/domain/instance.ts';
import type { ReleaseRef } from '../../common/domain/release.ts';
import {
  type Limits,
  launchSpecOf,
  limitsSchema,
  type ServiceSpec,
  serviceSpecSchema,
} from '../../common/domain/service.ts';
import type { Database } from './schema.ts';

/** What a program is started with; see `launchSpecOf`. */
export type LaunchSpec = ReturnType<typeof launchSpecOf>;

/** One instance with all that its assignment is made of. */
export interface InstanceRecord {
  instanceId: number;
  serviceId: number;
  /** Of its service; with what it is started with as long as that is held. */
  spec: ServiceSpec;
  /** What it is started with until a restart has its turn; null for what its service says. */
  heldLaunch: LaunchSpec | null;
  nodeId: number;
  host: string;
  port: number;
  limits: Limits;
  desired: DesiredState;
  revision: number;
  restartGeneration: number;
  release: ReleaseRef | null;
  /** The files that were published to it. */
  config: ConfigRef | null;
  /** Those that it gets, with a restart, when it is its turn. */
  nextConfig: ConfigRef | null;
  removing: boolean;
}

/** Columns of the service and of the release that are part of a record. */
export const OF_SERVICE_AND_RELEASE = [
  'services.name as serviceName',
  'services.specJson',
  'version',
  'sha256',
  'sizeBytes',
] as const;

/** Instances with what is needed of other tables to make a record of them. */
export function selectInstances(db: Kysely<Database>) {
  return db
    .selectFrom('instances')
    .innerJoin('services', 'services.serviceId', 'instances.serviceId')
    .leftJoin('releases', 'releases.releaseId', 'instances.releaseId')
    .selectAll('instances')
    .select(OF_SERVICE_AND_RELEASE);
}

type Row = Awaited<ReturnType<ReturnType<typeof selectInstances>['executeTakeFirstOrThrow']>>;

export function instanceRecordOf(row: Row): InstanceRecord {
  const { releaseId, version, sha256, sizeBytes } = row;
  return {
    instanceId: row.instanceId,
    serviceId: row.serviceId,
    ...specOf(row),
    nodeId: row.nodeId,
    host: row.host,
    port: row.port,
    limits: limitsSchema.parse(JSON.parse(row.limitsJson)),
    desired: row.desired,
    revision: row.revision,
    restartGeneration: row.restartGeneration,
    release:
      releaseId === null || version === null || sha256 === null || sizeBytes === null
        ? null
        : { releaseId, version, sha256, sizeBytes },
    config: parseConfig(row.configJson),
    nextConfig: parseConfig(row.nextConfigJson),
    removing: row.removing === 1,
  };
}

/** What is held stands in the place of what the service says by now, also where it says nothing. */
function specOf({ specJson, heldLaunchJson }: Row): Pick<InstanceRecord, 'spec' | 'heldLaunch'> {
  const ofService = serviceSpecSchema.parse(JSON.parse(specJson));
  if (heldLaunchJson === null) return { spec: ofService, heldLaunch: null };
  const unset = Object.fromEntries(Object.keys(launchSpecOf(ofService)).map((key) => [key, undefined]));
  const spec = serviceSpecSchema.parse({ ...ofService, ...unset, ...JSON.parse(heldLaunchJson) });
  return { spec, heldLaunch: launchSpecOf(spec) };
}

function parseConfig(text: string | null): ConfigRef | null {
  return text === null ? null : configRefSchema.parse(JSON.parse(text));
}
