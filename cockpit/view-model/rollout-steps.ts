import { failedStep, type Rollout, type RolloutStep, type StepAction } from '../../common/domain/rollout.ts';
import { reasonOf } from '../../common/domain/said.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { type Block, blockRows, dialogColumns, textLine, visibleTable } from './dialog.ts';
import type { Line, Segment, Tone } from './line.ts';
import { endBlock } from './rollout-end.ts';

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
  const why = reasonLines(t, rollout, state.size.columns);
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
      percent: counted.length === 0 ? 100 : Math.floor((100 * done) / counted.length),
      text: t('{part} of {all} done', { part: done, all: t.count(counted.length, 'instance') }),
    },
    { kind: 'table', table: { ...table, rows: table.rows.map((row) => ({ ...row, isSelected: false })) } },
    end,
    { kind: 'lines', lines: why },
  ];
}

const MAX_REASON_ROWS = 3;

/** The first failure in full: a cell is too narrow for what one has to act on. */
function reasonLines(t: Translate, rollout: Rollout, columns: number): Line[] {
  const failed = failedStep(rollout);
  if (failed === undefined) return [];
  return wrapWords(plainText(t.told(reasonOf(failed))), columns - 2)
    .slice(0, MAX_REASON_ROWS)
    .map((text) => textLine(text, 'bad'));
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
    return { text: plainText(t.told(reasonOf(step))), tone: step.state === 'skipped' ? 'dim' : 'bad' };
  }
  if (step.state === 'preparing') {
    const amounts = { part: formatBytes(step.receivedBytes), total: formatBytes(rollout.sizeBytes) };
    return { text: t('{part} of {total}', amounts), tone: 'busy' };
  }
  if (step.action === 'retire' && step.state === 'done') return { text: '-', tone: 'dim' };
  const process = pid === null ? t('no process') : `pid ${pid}`;
  return { text: version === undefined ? process : `${version}, ${process}`, tone: 'plain' };
}
