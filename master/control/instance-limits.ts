import type { NodeInfo } from '../../common/domain/node.ts';
import { inBrackets, said, type Told } from '../../common/domain/said.ts';
import { describeLimits, type Limits, limitProblems } from '../../common/domain/service.ts';
import { type ErrorCode, SgridError } from '../../common/protocol/errors.ts';
import type { MasterEvent } from '../event-log.ts';
import type { FleetModel, InstanceEntry } from '../fleet/fleet-model.ts';
import { instanceLabel } from '../fleet/views.ts';
import { nodeUnreachable } from '../relay.ts';
import type { InstanceCommands } from './instance-commands.ts';

const MIB_BYTES = 1024 * 1024;

/** The node did not take the assignment, or cannot start anything under it: what was there before stays. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(['out_of_range', 'identity_in_doubt', 'permission_denied']);

/** @throws SgridError `out_of_range` naming the allowed range, for what contradicts itself or this node cannot give */
export function demandPossible(limits: Limits, nodeName: string, info: NodeInfo | null): void {
  const [problem] = limitProblems(limits);
  if (problem !== undefined) throw outOfRange(problem);
  if (info === null) return;
  const memoryMiB = Math.floor(info.memoryBytes / MIB_BYTES);
  if (limits.cpuCores !== undefined && limits.cpuCores > info.cpuCount)
    throw outOfRange(
      said`${limits.cpuCores} cores: node ${nodeName} has ${info.cpuCount}, allowed are 0.01 to that`,
    );
  for (const wanted of [limits.memoryMiB, limits.memoryHighMiB]) {
    if (wanted !== undefined && wanted > memoryMiB)
      throw outOfRange(said`${wanted} MiB: node ${nodeName} has ${memoryMiB} MiB, allowed are 4 to that`);
  }
}

function outOfRange(what: Told): SgridError {
  return new SgridError('out_of_range', said`limits are not possible: ${what}`, {
    hint: said`choose a value in this range`,
  });
}

/** What to know before one finds out: null where the limits leave room for what is in use now. */
function limitWarning(limits: Limits, usedBytes: number | null): Told | null {
  const { memoryMiB } = limits;
  if (memoryMiB === undefined || usedBytes === null || usedBytes <= memoryMiB * MIB_BYTES) return null;
  const usedMiB = Math.ceil(usedBytes / MIB_BYTES);
  return said`it uses ${usedMiB} MiB now, more than its limit of ${memoryMiB} MiB: what cannot be taken from it gets processes of it killed`;
}

/**
 * Gives one instance other limits, live where it runs. What the node refuses is taken back, so that a refusal changes nothing.
 *
 * @returns a warning, or null.
 */
export async function limitInstance(
  deps: {
    fleet: FleetModel;
    commands: InstanceCommands;
    demandIdle: (instanceId: number) => void;
    now: () => number;
  },
  { record }: InstanceEntry,
  limits: Limits,
  event: MasterEvent,
): Promise<Told | null> {
  const { fleet, commands, now } = deps;
  const { instanceId, nodeId, limits: before } = record;
  if (!fleet.isUp(nodeId)) throw nodeUnreachable(fleet.nodeName(nodeId));
  deps.demandIdle(instanceId);
  if (record.removing)
    throw new SgridError('conflict', said`${instanceLabel(record, fleet.nodeName)} is being removed`);
  demandPossible(limits, fleet.nodeName(nodeId), fleet.node(nodeId)?.info ?? null);
  const [history] = fleet.history([instanceId], now());
  const warning = limitWarning(limits, history?.memoryBytes.at(-1) ?? null);
  const changed = await commands.change(
    instanceId,
    { limits },
    {
      ...event,
      message: said`${event.message}: ${describeLimits(before)}, now ${describeLimits(limits)}${inBrackets(warning ?? '')}`,
    },
  );
  try {
    await commands.apply(changed);
  } catch (error) {
    if (error instanceof SgridError && REFUSALS.has(error.code)) {
      const back = await commands.change(instanceId, { limits: before });
      // The refusal is what counts; a node that does not hear of this is told when it reports.
      await commands.apply(back).catch(() => {});
    }
    throw error;
  }
  return warning;
}
