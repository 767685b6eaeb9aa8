import { hasEnded, type Rollout, type RolloutStep } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count, formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
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

const WORDS: Readonly<Record<RolloutStep['state'], string>> = {
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

const DOING: Readonly<Partial<Record<Rollout['state'], string>>> = {
  paused: 'Paused:',
  aborting: 'Aborting',
  'rolling-back': 'Rolling back',
};

/** A rollout as it goes, instance by instance, and how it ended. */
export function watchBlocks(state: CockpitState, rolloutId: number, rows: number): Block[] {
  const rollout = state.catalog.rollouts.get(rolloutId);
  if (rollout === undefined) return [{ kind: 'busy', text: 'Waiting for the master' }];
  const steps = [...rollout.steps];
  const done = steps.filter((step) => step.state === 'done').length;
  const ended = steps.filter(
    (step) => !['pending', 'preparing', 'applying', 'reverting'].includes(step.state),
  ).length;
  const active = steps.findIndex(({ state }) =>
    ['preparing', 'applying', 'reverting', 'failed'].includes(state),
  );
  const end = endBlock(state, rollout, done);
  const why = reasonLines(rollout, state.size.columns);
  const columns = dialogColumns(
    [
      { title: 'INSTANCE', width: 22 },
      { title: 'NODE', width: 14 },
      { title: 'STEP', width: 10 },
      { title: 'NOW', width: 24 },
    ],
    state.size.columns,
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
      text: `${done} of ${count(steps.length, 'instance')} done`,
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

function endBlock(state: CockpitState, rollout: Rollout, done: number): Block {
  const masterNow = state.now + state.fleet.masterOffsetMs;
  if (!hasEnded(rollout)) {
    const spent = formatSpan(masterNow - rollout.startedAt);
    const link = state.link.state === 'up' ? '' : ' (link down: as last heard; the rollout goes on)';
    const what = `${DOING[rollout.state] ?? 'Deploying'} ${rollout.serviceName} ${rollout.version}`;
    return { kind: 'busy', text: `${what} ... ${spent}${link}` };
  }
  const took = formatSpan((rollout.endedAt ?? masterNow) - rollout.startedAt);
  if (rollout.state === 'succeeded') {
    const text = `${rollout.serviceName} ${rollout.version} runs on ${count(done, 'instance')}, after ${took}`;
    return { kind: 'alert', variant: 'success', text };
  }
  const rest = rollout.steps.length - done;
  if (rollout.state === 'rolled-back') {
    const text = `Rolled back after ${took}: ${rollout.serviceName} runs what it ran before`;
    return { kind: 'alert', variant: 'error', text };
  }
  const end = rollout.state === 'aborted' ? 'Aborted' : 'Failed';
  const text = `${end} after ${took}: ${count(rest, 'instance')} of ${rollout.steps.length} did not get ${rollout.version}`;
  return { kind: 'alert', variant: 'error', text };
}

function stepCells(state: CockpitState, rollout: Rollout, step: RolloutStep): Segment[] {
  const { nodes, instances } = state.fleet;
  const view = instances.get(step.instanceId);
  const name = view === undefined ? `instance ${step.instanceId}` : `${view.serviceName}:${view.port}`;
  return [
    { text: name, tone: 'strong' },
    { text: nodeWords(nodes.get(step.nodeId), step.nodeId) },
    { text: WORDS[step.state], tone: TONES[step.state] },
    nowCell(rollout, step, view?.status?.pid ?? null, view?.status?.release?.version),
  ];
}

function nowCell(
  rollout: Rollout,
  step: RolloutStep,
  pid: number | null,
  version: string | undefined,
): Segment {
  if (step.state === 'failed' || step.state === 'skipped' || step.state === 'revert-failed') {
    return { text: plainText(step.reason), tone: step.state === 'skipped' ? 'dim' : 'bad' };
  }
  if (step.state === 'preparing') {
    return { text: `${formatBytes(step.receivedBytes)} of ${formatBytes(rollout.sizeBytes)}`, tone: 'busy' };
  }
  const process = pid === null ? 'no process' : `pid ${pid}`;
  return { text: version === undefined ? process : `${version}, ${process}`, tone: 'plain' };
}
