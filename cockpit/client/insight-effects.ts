import type { SgridEvent } from '../../common/domain/event.ts';
import type { LogRun } from '../../common/domain/log-runs.ts';
import { said } from '../../common/domain/said.ts';
import { tellError } from '../../common/protocol/errors.ts';
import type { CapsuleEffect, Part } from '../store/capsule.ts';
import type { DescribedParts, DescribeTarget } from '../store/described.ts';
import type { InsightAction, InsightEffect } from '../store/insight.ts';
import { runsOf } from '../view-model/capsule-changes.ts';
import type { MasterClient } from './master-client.ts';

/** What is read of the end of a run's output, and how many lines of that are shown. */
const LAST_BYTES = 32 * 1024;
const LAST_LINES = 100;
const MAX_EVENTS = 500;
const CAPSULE_POINTS = 60;

/** Runs what charts and the crash capsule ask for; what becomes of it is dispatched. */
export function createInsightRunner({
  client,
  dispatch,
}: {
  client: MasterClient;
  dispatch: (action: InsightAction) => void;
}): (effect: InsightEffect) => void {
  const run = async (effect: InsightEffect): Promise<void> => {
    switch (effect.type) {
      case 'load-figures': {
        const { target, rangeMs, from, to, points } = effect;
        try {
          const of = target.kind === 'node' ? { nodeId: target.id } : { instanceId: target.id };
          const figures = await client.call('history.read', { ...of, from, to, points });
          return dispatch({ type: 'chart-figures', target, rangeMs, figures });
        } catch (error) {
          return dispatch({ type: 'chart-problem', target, problem: tellError(error) });
        }
      }
      case 'load-target-events': {
        const { target } = effect;
        if (target.kind === 'node') {
          const { events } = await client.call('event.list', { nodeId: target.id, limit: MAX_EVENTS });
          return dispatch({ type: 'chart-events', target, events, rollouts: [] });
        }
        const [{ events }, { rollouts }] = await Promise.all([
          client.call('event.list', { instanceId: target.id, limit: MAX_EVENTS }),
          client.call('rollout.list', { limit: 50 }),
        ]);
        return dispatch({ type: 'chart-events', target, events, rollouts });
      }
      case 'load-described': {
        const { target } = effect;
        return describe(client, target).then((parts) => dispatch({ type: 'described', target, parts }));
      }
      case 'load-capsule':
        return collect(client, effect).then((parts) =>
          dispatch({ type: 'capsule-parts', instanceId: effect.instanceId, parts }),
        );
    }
  };

  // What fails otherwise is shown by its absence: the header tells of a link that is down.
  return (effect) => void run(effect).catch(() => undefined);
}

const NOTHING: Part<never[]> = { value: [] };

async function describe(client: MasterClient, { kind, id }: DescribeTarget): Promise<DescribedParts> {
  const of = { node: { nodeId: id }, instance: { instanceId: id }, service: { serviceId: id } }[kind];
  const [events, files, releases] = await Promise.all([
    part(client.call('event.list', { ...of, limit: 50 }).then((answer) => answer.events)),
    kind === 'instance'
      ? part(client.call('log.files', { instanceId: id }).then((answer) => answer.files))
      : NOTHING,
    kind === 'service'
      ? part(client.call('release.list', { serviceId: id }).then((answer) => answer.releases))
      : NOTHING,
  ]);
  return { events, files, releases };
}

async function collect(
  client: MasterClient,
  { instanceId, serviceId, span }: CapsuleEffect & { type: 'load-capsule' },
) {
  const runs = part(client.call('log.runs', { instanceId }).then((answer) => answer.runs));
  const ofInstance = client.call('event.list', { instanceId, limit: MAX_EVENTS });
  const ofService = client.call('event.list', { serviceId, limit: MAX_EVENTS });
  return {
    runs: await runs,
    lines: await part(
      runs.then((found) => lastLines(client, instanceId, 'value' in found ? found.value : [])),
    ),
    figures:
      span === null
        ? { problem: said`it has no run that ended` }
        : await part(client.call('history.read', { instanceId, ...span, points: CAPSULE_POINTS })),
    events: await part(
      Promise.all([ofInstance, ofService]).then(([one, other]) => mergeEvents(one.events, other.events)),
    ),
    rollouts: await part(
      client.call('rollout.list', { serviceId, limit: 50 }).then((answer) => answer.rollouts),
    ),
  };
}

async function part<T>(work: Promise<T>): Promise<Part<T>> {
  try {
    return { value: await work };
  } catch (error) {
    return { problem: tellError(error) };
  }
}

/** The last whole lines of the last run that ended; of the log, where no run is known. */
async function lastLines(
  client: MasterClient,
  instanceId: number,
  runs: readonly LogRun[],
): Promise<string[]> {
  const { ended } = runsOf(runs);
  const { data, start } = await client.call('log.read', {
    instanceId,
    from: ended?.end ?? 'tail',
    direction: 'backward',
    maxBytes: LAST_BYTES,
  });
  const begins = ended?.start.lineage === start.lineage ? ended.start.offset - start.offset : 0;
  const bytes = data.subarray(Math.max(0, begins));
  const lines = new TextDecoder().decode(bytes).split('\n');
  // A line that was cut at the beginning tells less than none.
  const whole = begins < 0 ? lines.slice(1) : lines;
  return (whole.at(-1) === '' ? whole.slice(0, -1) : whole).slice(-LAST_LINES);
}

function mergeEvents(one: readonly SgridEvent[], other: readonly SgridEvent[]): SgridEvent[] {
  const bySeq = new Map([...one, ...other].map((event) => [event.seq, event]));
  return [...bySeq.values()].sort((a, b) => b.seq - a.seq);
}
