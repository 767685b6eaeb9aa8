import {
  type RolloutOptions,
  type RolloutPlan,
  rolloutOptionsSchema,
  warningsOf,
} from '../../common/domain/rollout.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import { contextOf } from '../keymap/context.ts';
import { bindingsOf } from '../keymap/resolve.ts';
import type { Confirm } from '../store/change.ts';
import type { CockpitState } from '../store/state.ts';
import { type Block, type DialogColumn, dialogColumns, moreLine, textLine, visibleTable } from './dialog.ts';
import type { Line, Segment } from './line.ts';
import { neverUpLines, standingVersion } from './standing-release.ts';

type PlannedStep = RolloutPlan['batches'][number]['steps'][number] & { readonly turn: string };

const COLUMNS: readonly DialogColumn[] = [
  { title: 'INSTANCE', width: 22 },
  { title: 'NODE', width: 14 },
  { title: 'TURN', width: 8 },
  { title: 'STATE', width: 10 },
  { title: 'RELEASE', width: 22 },
];

const MAX_WARNINGS = 4;

/** What the master would do, in its order; nobody is asked before that is to be seen. */
export function rolloutBlocks(
  state: CockpitState,
  { change, plan, refusal, top, isSending }: Confirm,
  rows: number,
  answer: readonly Line[],
): Block[] {
  if (change.kind !== 'rollout') return [];
  const { t } = state;
  if (refusal !== null) {
    const todo = t.hint(refusal);
    const hint = todo === undefined ? [] : [textLine(plainText(todo), 'dim')];
    const why = wrapWords(plainText(t.why(refusal)), state.size.columns - 2).map((text) =>
      textLine(text, 'bad'),
    );
    return [
      { kind: 'alert', variant: 'error', text: t('{title}: the master would not', change) },
      {
        kind: 'lines',
        lines: [...why, ...hint, textLine(t('Esc goes back; o changes the options.'), 'dim')],
      },
    ];
  }
  if (plan === null)
    return [{ kind: 'busy', text: t('{title}: asking the master what it would do', change) }];
  const steps = plan.batches.flatMap((batch, at): PlannedStep[] =>
    batch.steps.map((step) => ({ ...step, turn: `${at + 1}${batch.isCanary ? t(' canary') : ''}` })),
  );
  const nodes = new Set(steps.map(({ nodeId }) => nodeId)).size;
  const isTo = plan.kind === 'deploy' && plan.version !== '' && !change.title.includes(plan.version);
  const title = isTo
    ? t('{title} to {version}', { title: change.title, version: plan.version })
    : change.title;
  const question = t('{title} on {instances} of {nodes}?', {
    title,
    instances: t.count(steps.length, 'instance'),
    nodes: t.count(nodes, 'node'),
  });
  const lines = [
    ...optionLines(state, plan.options),
    ...capacity(state, plan, steps),
    ...warningLines(state, plan),
    ...neverUpLines(
      state,
      steps.flatMap(({ instanceId }) => state.fleet.instances.get(instanceId) ?? []),
    ),
  ];
  const height = Math.max(1, rows - 3 - 1 - 1 - lines.length - answer.length);
  const first = Math.min(top, Math.max(0, steps.length - height));
  const table = visibleTable(
    dialogColumns(COLUMNS, state.size.columns, t),
    steps.slice(first),
    height,
    -1,
    (step) => stepCells(state, step),
    ({ instanceId }) => instanceId,
  );
  const blocks: Block[] = [
    { kind: 'alert', variant: 'warning', text: question },
    { kind: 'table', table },
    { kind: 'lines', lines: [moreLine(t, table.rows.length, steps.length), ...lines] },
  ];
  return isSending
    ? [...blocks, { kind: 'busy', text: t('Asking the master') }]
    : [...blocks, { kind: 'lines', lines: answer }];
}

function stepCells({ fleet, t }: CockpitState, step: PlannedStep): Segment[] {
  const view = fleet.instances.get(step.instanceId);
  const name =
    view === undefined ? t('instance {id}', { id: step.instanceId }) : `${view.serviceName}:${view.port}`;
  const now = step.runs?.version ?? (view === undefined ? null : standingVersion(view)) ?? t('none');
  const state = t.known(step.state);
  const release: Segment =
    step.action === 'restart'
      ? { text: step.gets.version }
      : step.action === 'keep'
        ? { text: t('{version} (stays)', step.gets), tone: 'dim' }
        : { text: `${now} -> ${step.gets.version}`, tone: 'busy' };
  return [
    { text: name, tone: 'strong' },
    { text: nodeWords(fleet.nodes.get(step.nodeId), step.nodeId) },
    { text: step.turn },
    step.warnings.length > 0 ? { text: `${state} !`, tone: 'warn' } : { text: state },
    release,
  ];
}

/** How it goes, in one line. @param of what that is said of, in front of it */
export function optionLines(
  state: CockpitState,
  { maxUnavailable, canary, pauseAfterCanary, onFailure }: RolloutOptions,
  of = '',
): Line[] {
  const { t } = state;
  const defaults = rolloutOptionsSchema.parse({});
  const first =
    canary === 0
      ? ''
      : pauseAfterCanary
        ? t('canary {canary}, then it waits for you; then ', { canary })
        : t('canary {canary}; then ', { canary });
  const atATime =
    maxUnavailable === defaults.maxUnavailable
      ? t('one after another')
      : t('{count} at a time', { count: maxUnavailable });
  const failure = t(onFailure === 'rollback' ? 'roll back' : 'stop');
  return [
    {
      segments: [
        {
          text: t(' {first}{pace}; on a failure {failure}.  ', { first: of + first, pace: atATime, failure }),
        },
        ...optionsHint(state),
      ],
    },
  ];
}

/** Its key as it is here: where a name is typed, a letter would go into it. */
function optionsHint(state: CockpitState): Segment[] {
  const binding = bindingsOf(state.bindings, contextOf(state)).find(
    ({ action }) => action.type === 'change' && action.what === 'rollout-options',
  );
  const [key] = binding?.keys ?? [];
  return key === undefined ? [] : [{ text: key, tone: 'key' }, { text: state.t(' options') }];
}

/** How much of the service is up at the worst moment. */
function capacity({ fleet, t }: CockpitState, plan: RolloutPlan, steps: readonly PlannedStep[]): Line[] {
  const running = [...fleet.instances.values()].filter(
    (view) => view.serviceId === plan.serviceId && view.status?.state === 'running',
  );
  const hit = new Set(steps.filter(({ action }) => action !== 'keep').map(({ instanceId }) => instanceId));
  const down = Math.min(running.filter(({ instanceId }) => hit.has(instanceId)).length, plan.atOnce);
  if (running.length === 0) return [];
  const left = running.length - down;
  const text =
    left === 0
      ? t('Of {name} no instance stays up meanwhile.', { name: plan.serviceName })
      : t('Of {name} {left} of {running} stays up at any time.', {
          name: plan.serviceName,
          left,
          running: t.count(running.length, 'running instance'),
        });
  return [textLine(text, left === 0 ? 'bad' : 'plain')];
}

function warningLines({ size, t }: CockpitState, plan: RolloutPlan): Line[] {
  const steps = plan.batches.flatMap((batch) => batch.steps);
  const all = new Set([plan, ...steps].flatMap(warningsOf).map((warning) => t.told(warning)));
  const lines = [...all].flatMap((warning) => wrapWords(plainText(`! ${warning}`), size.columns - 2));
  const shown = lines.slice(0, MAX_WARNINGS).map((text) => textLine(text, 'warn'));
  return lines.length > MAX_WARNINGS ? [...shown, textLine(t('and more warnings'), 'warn')] : shown;
}
