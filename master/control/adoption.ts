import type { Assignment } from '../../common/domain/instance.ts';
import { said, word } from '../../common/domain/said.ts';
import { type ServiceSpec, serviceSpecSchema } from '../../common/domain/service.ts';
import { SgridError, tellError } from '../../common/protocol/errors.ts';
import type { EventLog } from '../event-log.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import type { Relay } from '../relay.ts';
import type { InstanceRecord } from '../store/instance-record.ts';
import { demandNodeNumber } from '../store/node-number.ts';
import type { Repositories } from '../store/open-store.ts';
import { readHeldTexts, recoverConfig } from './config-recovery.ts';
import { demandSoundSpec } from './service-update.ts';

export interface AdoptionOutcome {
  held: Assignment;
  /** What it is here now; null when it was not taken up. */
  record: InstanceRecord | null;
  /** Config files that it has and that could not be had back: with secrets, or changed by hand. */
  lost: string[];
  error: unknown;
}

/**
 * Takes over from nodes what they hold and this master does not know: it was restored, or its database is empty. A node is
 * believed about its own instances by itself; about what it shares with others, the service and its files, only when an admin says so.
 */
export interface Adoption {
  /**
   * What is wanted of a known instance becomes what its node holds. Null when that holds nothing newer.
   *
   * @throws SgridError `conflict` also where its service is specified otherwise here
   */
  takeOver(record: InstanceRecord): Promise<InstanceRecord | null>;
  /** Takes up all instances of a node that are not known here, or in an older revision. */
  adopt(nodeId: number, actor: string, dryRun: boolean): Promise<AdoptionOutcome[]>;
}

export function createAdoption(deps: {
  fleet: FleetModel;
  relay: Relay;
  events: EventLog;
  now: () => number;
}): Adoption {
  const { fleet, relay, events, now } = deps;

  /** A service and a release are known by their names, since numbers of a lost database may be others' here. */
  const keep = async (
    held: Assignment,
    nodeId: number,
    actor: string,
    what: string,
    isTrusted: boolean,
  ): Promise<{ record: InstanceRecord; lost: string[] }> => {
    demandNodeNumber(held.instanceId, 'the instance');
    demandNodeNumber(held.revision, 'the revision');
    demandNodeNumber(held.config?.revision ?? 0, 'the publication');
    const texts = await readHeldTexts(relay, nodeId, held);
    return events.transaction(async (repositories, record) => {
      const serviceId = isTrusted
        ? await keepService(repositories, held.spec, now())
        : await findService(repositories, held.spec, nodeId);
      const release = await keepRelease(repositories, serviceId, held, now());
      const { instanceId, host, port, limits, desired, revision, restartGeneration } = held;
      const { config, lost } = await recoverConfig(repositories, serviceId, held, texts, now(), isTrusted);
      const place = { instanceId, serviceId, nodeId, host, port, limits, config };
      const wanted = { ...place, desired, revision, restartGeneration, release };
      const taken = await repositories.instances.takeOver(wanted, now());
      const but =
        lost.length === 0
          ? ''
          : said`, but for config files that it keeps and nobody can read back: ${lost.join(', ')}; set and publish them again`;
      const message = said`${word(what)} instance ${instanceId} (${instanceLabel(taken, fleet.nodeName)}) as its node holds it${but}`;
      await record({ kind: 'command', actor, message, instanceId, nodeId, serviceId });
      return { record: taken, lost };
    });
  };

  return {
    async takeOver({ instanceId, nodeId, revision }) {
      const { assignments } = await relay.call(nodeId, 'assignment.list', { instanceIds: [instanceId] });
      const held = assignments.find((each) => each.instanceId === instanceId);
      if (held === undefined || held.revision <= revision) return null;
      try {
        const taken = await keep(held, nodeId, 'master', 'take over', false);
        fleet.putInstance(taken.record);
        return taken.record;
      } catch (error) {
        // A number that was given out twice, behind a backup: both stay as they are until somebody looks at it.
        const message = said`node ${fleet.nodeName(nodeId)} holds another instance ${instanceId}, of ${held.spec.name}: ${tellError(error)}`;
        await events.record({ kind: 'instance.unknown', result: 'failed', instanceId, nodeId, message });
        throw error;
      }
    },

    async adopt(nodeId, actor, dryRun) {
      const { assignments } = await relay.call(nodeId, 'assignment.list', {});
      const unknown = assignments.filter(({ instanceId, revision }) => {
        const record = fleet.instance(instanceId)?.record;
        return record?.nodeId !== nodeId || record.revision < revision;
      });
      const outcomes: AdoptionOutcome[] = [];
      for (const held of unknown) {
        if (dryRun) {
          outcomes.push({ held, record: null, lost: [], error: null });
          continue;
        }
        try {
          const { record, lost } = await keep(held, nodeId, actor, 'adopt', true);
          fleet.putInstance(record);
          outcomes.push({ held, record, lost, error: null });
        } catch (error) {
          const message = said`adopt instance ${held.instanceId} of ${held.spec.name}: ${tellError(error)}`;
          await events.record({ kind: 'command', actor, result: 'failed', nodeId, message });
          outcomes.push({ held, record: null, lost: [], error });
        }
      }
      return outcomes;
    },
  };
}

/** @throws SgridError `conflict` unless the service is here, and what its node says it is: others run it too. */
async function findService({ services }: Repositories, spec: ServiceSpec, nodeId: number): Promise<number> {
  const known = (await services.list()).find(({ name }) => name === spec.name);
  if (known !== undefined && isSameSpec(known, spec)) return known.serviceId;
  throw new SgridError('conflict', said`its specification of ${spec.name} is not the one of this master`, {
    hint: said`if this master was restored and the node is right, "sgrid node adopt ${nodeId}" takes it up`,
  });
}

function isSameSpec(known: ServiceSpec, spec: ServiceSpec): boolean {
  return JSON.stringify(serviceSpecSchema.parse(known)) === JSON.stringify(spec);
}

async function keepService({ services }: Repositories, spec: ServiceSpec, now: number): Promise<number> {
  const all = await services.list();
  const known = all.find(({ name }) => name === spec.name);
  if (known === undefined) {
    demandSoundSpec(spec, all);
    return (await services.create(spec, now)).serviceId;
  }
  if (!isSameSpec(known, spec)) {
    demandSoundSpec(spec, all);
    await services.update(spec);
  }
  return known.serviceId;
}

/** Its package may be on nodes only: those that have it need no other, and others are told that it is missing. */
async function keepRelease(
  { releases }: Repositories,
  serviceId: number,
  { release, spec }: Assignment,
  now: number,
): Promise<Assignment['release']> {
  if (release === null) return null;
  const { version, sha256, sizeBytes } = release;
  const known = await releases.byVersion(serviceId, version);
  if (known !== null && known.sha256 !== sha256)
    throw new SgridError('conflict', said`version ${version} of ${spec.name} is another package here`, {
      hint: said`it goes on running as it is; deploy a release on it from here once it is removed there`,
    });
  if (known !== null && known.removedAt === null) return { ...release, releaseId: known.releaseId };
  const message = 'taken over from a node';
  const origin = { message, uploadedBy: 'agent', uploadedAt: now };
  const { releaseId } = await releases.create({ serviceId, version, sha256, sizeBytes, ...origin });
  return { ...release, releaseId };
}
