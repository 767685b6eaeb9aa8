import type { FleetSnapshot } from '../../common/domain/fleet.ts';
import {
  drainedNodeName,
  type Rollout,
  type RolloutPlan,
  type RolloutStep,
} from '../../common/domain/rollout.ts';
import type { CockpitToMaster } from '../../common/protocol/cockpit-link.ts';
import type { PayloadInput } from '../../common/protocol/define.ts';
import { describeError } from '../../common/protocol/errors.ts';
import { callChange } from '../client/change.ts';
import type { MasterClient } from '../client/master-client.ts';
import { instanceWords, nodeNamesOf, stepInstanceWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { type CliIo, printLine } from './io.ts';
import { readLastLines } from './last-lines.ts';
import { printObject } from './output.ts';
import { createProgress } from './progress.ts';
import { parseTimeout } from './rollout-options.ts';
import { rolloutProgress } from './rollout-progress.ts';
import { type WaitOptions, waitForRollout } from './rollout-wait.ts';
import { formatTable, type TextColumn } from './table.ts';

type Request = PayloadInput<CockpitToMaster, 'rollout.create'>;

/**
 * Begins a rollout as `--dry-run` and `--wait` say, and tells of it; with `-o json` or `yaml` its plan, or the rollout as it then
 * is, is all that stands on standard output.
 */
export async function beginRollout(
  client: MasterClient,
  io: CliIo,
  request: Request,
  fleet: FleetSnapshot,
  options: Record<string, unknown>,
): Promise<void> {
  const timeoutMs = parseTimeout(options.timeout);
  const format = options.output === 'json' || options.output === 'yaml' ? options.output : null;
  if (options.dryRun === true) {
    const { plan } = await client.call('rollout.plan', request);
    if (format === null) printPlan(io, plan, namesOf(fleet));
    else await printObject(io, plan, format);
    return;
  }
  const { rollout } = await callChange(client, 'rollout.create', request);
  const told = format === null ? io : { ...io, stdout: io.stderr };
  printLine(told.stdout, rolloutWords(rollout, fleet));
  const following =
    options.wait === true ? followRollout(client, told, rollout, fleet, { timeoutMs }) : Promise.resolve();
  if (format === null) return following;
  const print = async (): Promise<void> => {
    const { rollout: now } = await client.call('rollout.get', { rolloutId: rollout.rolloutId });
    await printObject(io, now, format);
  };
  // Of a rollout that failed a script wants to know the more; why it is not known is then told already.
  await following.catch(async (error: unknown) => {
    await print().catch(() => {});
    throw error;
  });
  await print();
}

/** "rollout 3: web 1.4.0 on 2 instances", "rollout 4: drain of node beta of web on 1 instance" */
export function rolloutWords(rollout: Rollout, { nodes }: Pick<FleetSnapshot, 'nodes'>): string {
  const { rolloutId, kind, serviceName, version, steps } = rollout;
  const nodeName = nodeNamesOf(new Map(nodes.map((node) => [node.nodeId, node])));
  const what =
    kind === 'deploy'
      ? `${serviceName} ${version}`
      : kind === 'restart'
        ? `restart of ${serviceName}`
        : `drain of node ${drainedNodeName(rollout, nodeName)} of ${serviceName}`;
  const hit = steps.filter(({ action }) => action !== 'place').length;
  return `rollout ${rolloutId}: ${what} on ${count(hit, 'instance')}`;
}

/**
 * Waits for a rollout, telling on standard error how far it is, and with a failure the last lines of the instance's output.
 *
 * @param isAlone false where several are followed at the same time, which cannot each have a bar
 * @throws SgridError as `waitForRollout` does.
 */
export async function followRollout(
  client: MasterClient,
  io: CliIo,
  { rolloutId }: Pick<Rollout, 'rolloutId'>,
  fleet: FleetSnapshot,
  waiting: Pick<WaitOptions, 'timeoutMs' | 'hope'>,
  isAlone = true,
): Promise<void> {
  const nodes = new Map(fleet.nodes.map((node) => [node.nodeId, node]));
  const progress = createProgress(io, `rollout ${rolloutId}`, isAlone);
  let isRead = false;
  let lastLines = Promise.resolve('');
  const onStep = (step: RolloutStep, rollout: Rollout): void => {
    const name = stepInstanceWords(rollout, step, nodes);
    const reason = step.reason === '' ? '' : `: ${plainText(step.reason)}`;
    progress.line(`${name} ${stepWords(step)}${reason}`);
    const isBad = step.state === 'failed' || (step.state === 'reverting' && step.reason !== '');
    if (!isBad || step.appliedAt === null || isRead) return;
    isRead = true;
    // Read now: with a roll back, what runs afterwards writes into the same log.
    lastLines = readLastLines(client, step.instanceId, name);
  };
  const onState = ({ state, reason }: Rollout): void =>
    progress.line(`rollout ${rolloutId} ${state}${reason === '' ? '' : `: ${plainText(reason)}`}`);
  const onLink = (isUp: boolean): void =>
    progress.line(isUp ? 'the master answers again' : 'no answer from the master: waiting for it');
  const onProgress = (rollout: Rollout): void => {
    const { share, figures } = rolloutProgress(rollout);
    progress.show(share, figures);
  };
  try {
    const { signal } = io;
    const options = { ...waiting, onStep, onState, onLink, onProgress, signal };
    const { state } = await waitForRollout(client, rolloutId, options);
    const next = state === 'paused' ? `; go on with: sgrid rollout resume ${rolloutId}` : '';
    printLine(io.stdout, `rollout ${rolloutId}: ${state}${next}`);
  } finally {
    progress.end('clear');
    io.stderr.write(await lastLines);
  }
}

/**
 * Waits for several rollouts, which go on side by side.
 *
 * @throws what the first one that did not succeed is told of by `followRollout`
 */
export async function followRollouts(
  client: MasterClient,
  io: CliIo,
  rollouts: readonly Rollout[],
  fleet: FleetSnapshot,
  timeoutMs: number,
): Promise<void> {
  const ends = await Promise.allSettled(
    rollouts.map((rollout) =>
      followRollout(client, io, rollout, fleet, { timeoutMs }, rollouts.length === 1),
    ),
  );
  const failed = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
  for (const error of failed.slice(1)) printLine(io.stderr, `sgrid: ${plainText(describeError(error))}`);
  if (failed.length > 0) throw failed[0];
}

/** A step's state; of one that goes or gives way, in the words for that. */
function stepWords({ action, state }: RolloutStep): string {
  if (action === 'deploy' || action === 'restart') return state;
  const words: Partial<Record<RolloutStep['state'], string>> = {
    place: { applying: 'starting', done: 'up', reverting: 'taken away', reverted: 'gone' },
    retire: { applying: 'stopping', done: 'removed' },
    stop: { applying: 'stopping', done: 'stopped' },
  }[action];
  return words[state] ?? state;
}

/** Names instances as people do. */
function namesOf({ nodes, instances }: FleetSnapshot): (instanceId: number) => string {
  const byNode = new Map(nodes.map((node) => [node.nodeId, node]));
  const names = new Map(instances.map((each) => [each.instanceId, instanceWords(each, byNode)]));
  return (instanceId) => names.get(instanceId) ?? `instance ${instanceId}`;
}

type PlanRow = RolloutPlan['batches'][number]['steps'][number] & { batch: string };

function printPlan(io: CliIo, plan: RolloutPlan, words: (instanceId: number) => string): void {
  const { kind, serviceName, version, atOnce, batches, options, warnings } = plan;
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
  const back = options.onFailure === 'rollback' ? 'rolls it back' : 'stops it';
  const pause = options.pauseAfterCanary ? '; pauses after the canary' : '';
  printLine(
    io.stdout,
    `dry run: ${kind === 'restart' ? `restart of ${serviceName}` : `${serviceName} ${version}`} on ${count(rows.length, 'instance')}, ${atOnce} at a time; a failure ${back}${pause}`,
  );
  for (const line of formatTable(columns, rows)) printLine(io.stdout, line);
  for (const warning of warnings) printLine(io.stderr, `sgrid: warning: ${plainText(warning)}`);
}
