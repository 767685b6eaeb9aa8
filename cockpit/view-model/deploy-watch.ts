import type { Rollout, RolloutStep } from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count, formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { wrapWords } from '../format/width.ts';
import type { CockpitState, DeployState } from '../store/state.ts';
import { type Block, blockRows, dialogColumns, textLine, visibleTable } from './dialog.ts';
import type { Line, Segment, Tone } from './line.ts';

const TONES: Readonly<Record<RolloutStep['state'], Tone>> = {
  pending: 'dim',
  preparing: 'busy',
  applying: 'busy',
  done: 'ok',
  failed: 'bad',
  skipped: 'idle',
};

const WORDS: Readonly<Record<RolloutStep['state'], string>> = {
  pending: 'waiting',
  preparing: 'fetching',
  applying: 'restarting',
  done: 'done',
  failed: 'failed',
  skipped: 'skipped',
};

/** A rollout as it goes, instance by instance, and how it ended. */
export function watchBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const rollout = state.catalog.rollouts.get(deploy.rolloutId ?? 0);
  if (rollout === undefined) return [{ kind: 'busy', text: 'Waiting for the master' }];
  const steps = [...rollout.steps];
  const done = steps.filter((step) => step.state === 'done').length;
  const ended = steps.filter((step) => ['done', 'failed', 'skipped'].includes(step.state)).length;
  const active = steps.findIndex(({ state }) => ['preparing', 'applying', 'failed'].includes(state));
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
  const failed = rollout.steps.find((step) => step.state === 'failed');
  if (failed === undefined || failed.reason === '') return [];
  return wrapWords(plainText(failed.reason), columns - 2)
    .slice(0, MAX_REASON_ROWS)
    .map((text) => textLine(text, 'bad'));
}

function endBlock(state: CockpitState, rollout: Rollout, done: number): Block {
  const masterNow = state.now + state.fleet.masterOffsetMs;
  if (rollout.state === 'running') {
    const spent = formatSpan(masterNow - rollout.startedAt);
    const link = state.link.state === 'up' ? '' : ' (link down: as last heard; the rollout goes on)';
    return { kind: 'busy', text: `Deploying ${rollout.serviceName} ${rollout.version} ... ${spent}${link}` };
  }
  const took = formatSpan((rollout.endedAt ?? masterNow) - rollout.startedAt);
  if (rollout.state === 'succeeded') {
    const text = `${rollout.serviceName} ${rollout.version} runs on ${count(done, 'instance')}, after ${took}`;
    return { kind: 'alert', variant: 'success', text };
  }
  const rest = rollout.steps.length - done;
  const text = `Failed after ${took}: ${count(rest, 'instance')} of ${rollout.steps.length} did not get ${rollout.version}`;
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
  if (step.state === 'failed' || step.state === 'skipped') {
    return { text: plainText(step.reason), tone: step.state === 'failed' ? 'bad' : 'dim' };
  }
  if (step.state === 'preparing') {
    return { text: `${formatBytes(step.receivedBytes)} of ${formatBytes(rollout.sizeBytes)}`, tone: 'busy' };
  }
  const process = pid === null ? 'no process' : `pid ${pid}`;
  return { text: version === undefined ? process : `${version}, ${process}`, tone: 'plain' };
}
