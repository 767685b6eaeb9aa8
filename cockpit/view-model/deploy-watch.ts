import { hasEnded, type Rollout, type RolloutStep, type StepAction } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { type Block, blockRows, dialogColumns, textLine, visibleTable } from './dialog.ts';
import type { Line, Segment, Tone } from './line.ts';

const TONES: Readonly<Record<RolloutStep['state'], Tone>> = {
  pending: 'dim',
  preparing: 'busy',
  applying: 'busy',
  done: 'ok',
  failed: 'bad',
  skipped: 'idle',
  reverting: 'busy',
  reverted: 'warn',
  'revert-failed': 'bad',
};

const WORDS: Readonly<Record<RolloutStep['state'], Word>> = {
  pending: 'waiting',
  preparing: 'fetching',
  applying: 'restarting',
  done: 'done',
  failed: 'failed',
  skipped: 'skipped',
  reverting: 'reverting',
  reverted: 'reverted',
  'revert-failed': 'not back',
};

/** Of what comes or goes instead of being started anew. */
const MOVING: Readonly<Partial<Record<StepAction, Partial<typeof WORDS>>>> = {
  place: { applying: 'starting', done: 'up', reverting: 'removing', reverted: 'removed' },
  retire: { applying: 'stopping', done: 'removed' },
  stop: { applying: 'stopping', done: 'stopped' },
};

/** What a rollout is about, in front of its state. */
const PURPOSES = {
  deploy: 'Deploying {release} ... {spent}',
  restart: 'Restarting {release} ... {spent}',
  drain: 'Draining {release} ... {spent}',
} as const satisfies Record<Rollout['kind'], string>;

const DOING = {
  paused: 'Paused: {release} ... {spent}',
  aborting: 'Aborting {release} ... {spent}',
  'rolling-back': 'Rolling back {release} ... {spent}',
} as const satisfies Partial<Record<Rollout['state'], string>>;

const SUCCEEDED = {
  deploy: '{service} {version} runs on {instances}, after {took}',
  restart: '{service} is restarted on {instances}, after {took}',
  drain: '{service} is drained, after {took}',
} as const satisfies Record<Rollout['kind'], string>;
const ABORTED = {
  deploy: 'Aborted after {took}: {instances} of {total} did not get {version}',
  restart: 'Aborted after {took}: {instances} of {total} not restarted',
  drain: 'Aborted after {took}: {instances} of {total} not done',
} as const satisfies Record<Rollout['kind'], string>;
const FAILED = {
  deploy: 'Failed after {took}: {instances} of {total} did not get {version}',
  restart: 'Failed after {took}: {instances} of {total} not restarted',
  drain: 'Failed after {took}: {instances} of {total} not done',
} as const satisfies Record<Rollout['kind'], string>;

/** A rollout as it goes, instance by instance, and how it ended. */
export function watchBlocks(state: CockpitState, rolloutId: number, rows: number): Block[] {
  const { t } = state;
  const rollout = state.catalog.rollouts.get(rolloutId);
  if (rollout === undefined) return [{ kind: 'busy', text: t('Waiting for the master') }];
  const steps = [...rollout.steps];
  // A new instance in the place of another is counted once.
  const counted = steps.filter(({ action }) => action !== 'place');
  const done = counted.filter((step) => step.state === 'done').length;
  const ended = steps.filter(
    (step) => !['pending', 'preparing', 'applying', 'reverting'].includes(step.state),
  ).length;
  const active = steps.findIndex(({ state }) =>
    ['preparing', 'applying', 'reverting', 'failed'].includes(state),
  );
  const end = endBlock(state, rollout, done, counted.length);
  const why = reasonLines(rollout, state.size.columns);
  const columns = dialogColumns(
    [
      { title: 'INSTANCE', width: 22 },
      { title: 'NODE', width: 14 },
      { title: 'STEP', width: 10 },
      { title: 'NOW', width: 24 },
    ],
    state.size.columns,
    t,
  );
  const table = visibleTable(
    columns,
    steps,
    Math.max(1, rows - 2 - blockRows(end) - why.length),
    active === -1 ? ended - 1 : active,
    (step) => stepCells(state, rollout, step),
    (step) => step.instanceId,
  );
  return [
    {
      kind: 'progress',
      percent: steps.length === 0 ? 100 : Math.floor((100 * ended) / steps.length),
      text: t('{part} of {all} done', { part: done, all: t.count(counted.length, 'instance') }),
    },
    { kind: 'table', table: { ...table, rows: table.rows.map((row) => ({ ...row, isSelected: false })) } },
    end,
    { kind: 'lines', lines: why },
  ];
}

const MAX_REASON_ROWS = 3;

/** The first failure in full: a cell is too narrow for what one has to act on. */
function reasonLines(rollout: Rollout, columns: number): Line[] {
  const failed = rollout.steps.find((step) => step.reason !== '' && step.state !== 'skipped');
  if (failed === undefined) return [];
  return wrapWords(plainText(failed.reason), columns - 2)
    .slice(0, MAX_REASON_ROWS)
    .map((text) => textLine(text, 'bad'));
}

function endBlock(state: CockpitState, rollout: Rollout, done: number, total: number): Block {
  const { t } = state;
  const masterNow = state.now + state.fleet.masterOffsetMs;
  if (!hasEnded(rollout)) {
    const spent = formatSpan(masterNow - rollout.startedAt);
    const link = state.link.state === 'up' ? '' : t(' (link down: as last heard; the rollout goes on)');
    const release = `${rollout.serviceName} ${rollout.version}`;
    const doing =
      rollout.state in DOING ? DOING[rollout.state as keyof typeof DOING] : PURPOSES[rollout.kind];
    return { kind: 'busy', text: t(doing, { release, spent }) + link };
  }
  const took = formatSpan((rollout.endedAt ?? masterNow) - rollout.startedAt);
  if (rollout.state === 'succeeded') {
    const text = t(SUCCEEDED[rollout.kind], {
      service: rollout.serviceName,
      version: rollout.version,
      instances: t.count(done, 'instance'),
      took,
    });
    return { kind: 'alert', variant: 'success', text };
  }
  if (rollout.state === 'rolled-back') {
    const text = t('Rolled back after {took}: {service} runs what it ran before', {
      took,
      service: rollout.serviceName,
    });
    return { kind: 'alert', variant: 'error', text };
  }
  const values = {
    took,
    instances: t.count(total - done, 'instance'),
    total,
    version: rollout.version,
  };
  const text = t((rollout.state === 'aborted' ? ABORTED : FAILED)[rollout.kind], values);
  return { kind: 'alert', variant: 'error', text };
}

function stepCells(state: CockpitState, rollout: Rollout, step: RolloutStep): Segment[] {
  const { t } = state;
  const { nodes, instances } = state.fleet;
  const view = instances.get(step.instanceId);
  const name =
    step.port === null ? t('instance {id}', { id: step.instanceId }) : `${rollout.serviceName}:${step.port}`;
  return [
    { text: name, tone: 'strong' },
    { text: nodeWords(nodes.get(step.nodeId), step.nodeId) },
    { text: t(MOVING[step.action]?.[step.state] ?? WORDS[step.state]), tone: TONES[step.state] },
    nowCell(t, rollout, step, view?.status?.pid ?? null, view?.status?.release?.version),
  ];
}

function nowCell(
  t: Translate,
  rollout: Rollout,
  step: RolloutStep,
  pid: number | null,
  version: string | undefined,
): Segment {
  if (step.state === 'failed' || step.state === 'skipped' || step.state === 'revert-failed') {
    return { text: plainText(step.reason), tone: step.state === 'skipped' ? 'dim' : 'bad' };
  }
  if (step.state === 'preparing') {
    const amounts = { part: formatBytes(step.receivedBytes), total: formatBytes(rollout.sizeBytes) };
    return { text: t('{part} of {total}', amounts), tone: 'busy' };
  }
  if (step.action === 'retire' && step.state === 'done') return { text: '-', tone: 'dim' };
  const process = pid === null ? t('no process') : `pid ${pid}`;
  return { text: version === undefined ? process : `${version}, ${process}`, tone: 'plain' };
}
