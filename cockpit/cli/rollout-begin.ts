import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import type { Rollout, RolloutPlan, RolloutStep } from '../../common/domain/rollout.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput } from '../../common/protocol/define.ts';
import { callChange } from '../client/change.ts';
import type { MasterClient } from '../client/master-client.ts';
import { instanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { type CliIo, printLine } from './io.ts';
import { printLastLines } from './last-lines.ts';
import { parseTimeout } from './rollout-options.ts';
import { type WaitOptions, waitForRollout } from './rollout-wait.ts';
import { formatTable, type TextColumn } from './table.ts';

type Request = PayloadInput<CockpitToMaster, 'rollout.create'>;

/** Begins a rollout as `--dry-run` and `--wait` say, and tells of it. */
export async function beginRollout(
  client: MasterClient,
  io: CliIo,
  request: Request,
  fleet: FleetSnapshot,
  options: Record<string, unknown>,
): Promise<void> {
  const timeoutMs = parseTimeout(options.timeout);
  const words = namesOf(fleet);
  if (options.dryRun === true) {
    const { plan } = await client.call('rollout.plan', request);
    printPlan(io, plan, words);
    return;
  }
  const { rollout } = await callChange(client, 'rollout.create', request);
  const { rolloutId, serviceName, version, steps } = rollout;
  printLine(
    io.stdout,
    `rollout ${rolloutId}: ${serviceName} ${version} on ${count(steps.length, 'instance')}`,
  );
  if (options.wait === true) await followRollout(client, io, rollout, fleet, { timeoutMs });
}

/**
 * Waits for a rollout, telling its steps on standard error, and with a failure the last lines of the instance's output.
 *
 * @throws SgridError as `waitForRollout` does.
 */
export async function followRollout(
  client: MasterClient,
  io: CliIo,
  { rolloutId }: Pick<Rollout, 'rolloutId'>,
  fleet: FleetSnapshot,
  waiting: Pick<WaitOptions, 'timeoutMs' | 'hope'>,
): Promise<void> {
  const words = namesOf(fleet);
  let isTold = false;
  let telling = Promise.resolve();
  const onStep = (step: RolloutStep): void => {
    const name = words(step.instanceId);
    const reason = step.reason === '' ? '' : `: ${plainText(step.reason)}`;
    printLine(io.stderr, `${name} ${step.state}${reason}`);
    if (step.state !== 'failed' || step.appliedAt === null || isTold) return;
    isTold = true;
    telling = printLastLines(client, io, step.instanceId, name);
  };
  const onState = ({ state, reason }: Rollout): void =>
    printLine(io.stderr, `rollout ${rolloutId} ${state}${reason === '' ? '' : `: ${plainText(reason)}`}`);
  const onLink = (isUp: boolean): void =>
    printLine(io.stderr, isUp ? 'the master answers again' : 'no answer from the master: waiting for it');
  try {
    const { signal } = io;
    const options = { ...waiting, onStep, onState, onLink, signal };
    const { state } = await waitForRollout(client, rolloutId, options);
    const next = state === 'paused' ? `; go on with: sgrid rollout resume ${rolloutId}` : '';
    printLine(io.stdout, `rollout ${rolloutId}: ${state}${next}`);
  } finally {
    await telling;
  }
}

/** Names instances as people do. */
export function namesOf({ nodes, instances }: FleetSnapshot): (instanceId: number) => string {
  const byNode = new Map(nodes.map((node) => [node.nodeId, node]));
  const names = new Map(instances.map((each) => [each.instanceId, instanceWords(each, byNode)]));
  return (instanceId) => names.get(instanceId) ?? `instance ${instanceId}`;
}

type PlanRow = RolloutPlan['batches'][number]['steps'][number] & { batch: string };

function printPlan(io: CliIo, plan: RolloutPlan, words: (instanceId: number) => string): void {
  const { serviceName, version, atOnce, batches, options, warnings } = plan;
  const columns: TextColumn<PlanRow>[] = [
    { title: 'BATCH', text: ({ batch }) => batch },
    { title: 'ID', align: 'right', text: ({ instanceId }) => String(instanceId) },
    { title: 'INSTANCE', text: ({ instanceId }) => words(instanceId) },
    { title: 'STATE', text: ({ state }) => state },
    { title: 'RUNS', text: ({ runs }) => runs?.version ?? '' },
    { title: 'GETS', text: ({ gets }) => gets.version },
    { title: 'ACTION', text: ({ action }) => action },
    { title: 'WARNING', text: (row) => row.warnings.join('; ') },
  ];
  const rows = batches.flatMap(({ isCanary, steps }, at) =>
    steps.map((step): PlanRow => ({ ...step, batch: `${at + 1}${isCanary ? ' canary' : ''}` })),
  );
  const back = options.onFailure === 'rollback' ? 'rolls back' : 'stops';
  const pause = options.pauseAfterCanary ? '; pauses after the canary' : '';
  printLine(
    io.stdout,
    `dry run: ${serviceName} ${version} on ${count(rows.length, 'instance')}, ${atOnce} at a time; a failure ${back} it${pause}`,
  );
  for (const line of formatTable(columns, rows)) printLine(io.stdout, line);
  for (const warning of warnings) printLine(io.stderr, `sgrid: warning: ${plainText(warning)}`);
}
