import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { nameToType, type RollBackPlan } from '../store/capsule.ts';
import type { CockpitState } from '../store/state.ts';
import { type Block, dialogColumns, moreLine, textLine, visibleTable } from './dialog.ts';
import type { Line } from './line.ts';

const COLUMNS = [
  { title: 'INSTANCE', width: 20 },
  { title: 'NODE', width: 12 },
  { title: 'RUNS', width: 12 },
  { title: 'GETS', width: 12 },
  { title: 'STATE', width: 10 },
] as const;

/** The alert, the two lines below the table, the warnings' first two, what to press. */
const OTHER_ROWS = 3 + 1 + 1 + 2 + 2;

/** What a roll-back would hit, out of the master's own plan, before it is begun. */
export function rollBackBlocks(
  state: CockpitState,
  { rolloutId, onlyId, plan, problem, typed, isSending }: RollBackPlan,
  rows: number,
): Block[] {
  const { fleet, size } = state;
  const leave: Line = {
    segments: [{ text: ' ' }, { text: 'esc', tone: 'key' }, { text: ' leaves everything as it is.' }],
  };
  if (problem !== '')
    return [
      { kind: 'alert', variant: 'error', text: `Not rolled back: ${plainText(problem)}` },
      { kind: 'lines', lines: [leave] },
    ];
  if (plan === null)
    return [{ kind: 'busy', text: `Asking what taking rollout ${rolloutId} back would do ...` }];
  const steps = plan.batches.flatMap((batch) => batch.steps);
  const table = visibleTable(
    dialogColumns(COLUMNS, size.columns),
    steps,
    Math.max(1, rows - OTHER_ROWS),
    -1,
    ({ instanceId, nodeId, runs, gets, state: now }) => {
      const view = fleet.instances.get(instanceId);
      return [
        {
          text: view === undefined ? `instance ${instanceId}` : `${view.serviceName}:${view.port}`,
          tone: 'strong',
        },
        { text: nodeWords(fleet.nodes.get(nodeId), nodeId) },
        { text: runs?.version ?? 'nothing' },
        { text: gets.version, tone: 'accent' },
        { text: now },
      ];
    },
    ({ instanceId }) => instanceId,
  );
  const hit = new Set(steps.map(({ instanceId }) => instanceId));
  const running = [...fleet.instances.values()].filter(
    (view) => view.serviceId === plan.serviceId && view.status?.state === 'running',
  );
  const stay = running.filter(({ instanceId }) => !hit.has(instanceId)).length;
  const name = nameToType(state);
  const warnings = [...plan.warnings, ...steps.flatMap((step) => step.warnings)].slice(0, 2);
  return [
    {
      kind: 'alert',
      variant: 'warning',
      text: `Roll ${plan.serviceName} back to ${plan.version} on ${count(steps.length, 'instance')}${onlyId === null ? '' : ' only'}?`,
    },
    { kind: 'table', table },
    {
      kind: 'lines',
      lines: [
        moreLine(table.rows.length, steps.length),
        textLine(
          stay === 0
            ? `All of ${plan.serviceName} that runs is hit, at most ${plan.atOnce} at the same time.`
            : `${stay} of ${count(running.length, 'running instance')} of ${plan.serviceName} stay as they are; at most ${plan.atOnce} at the same time.`,
        ),
        ...warnings.map((warning) => textLine(plainText(warning), 'warn')),
        ...(isSending
          ? [textLine('Sent ...', 'dim')]
          : [name === null ? confirmLine() : typeLine(name, typed)]),
        leave,
      ],
    },
  ];
}

function confirmLine(): Line {
  return { segments: [{ text: ' ' }, { text: 'y', tone: 'key' }, { text: ' rolls back.' }] };
}

function typeLine(name: string, typed: string): Line {
  return {
    segments: [
      { text: ` ${name} is protected: type its name, then enter: ` },
      { text: `${plainText(typed)}_`, tone: 'strong' },
    ],
  };
}
