import type { FiguresHistory } from '../../common/domain/figures.ts';
import { type Limits, limitProblems, limitsSchema } from '../../common/domain/service.ts';
import { instanceWords } from '../format/fleet-words.ts';
import type { Translate } from '../language/translate.ts';
import { type Form, formField, type KnownUse, textOf, withForm } from './form.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';

/** Limits of instances, as they are where all have the same. */
export function openLimits(state: CockpitState, instanceIds: readonly number[]): Reduction {
  const all = instanceIds.flatMap((id) => state.fleet.instances.get(id)?.limits ?? []);
  const common = (key: keyof Limits): string => {
    const values = new Set(all.map((limits) => limits[key]));
    const [only] = values;
    return values.size === 1 && only !== undefined ? String(only) : '';
  };
  const { t } = state;
  const isMixed = new Set(all.map((limits) => JSON.stringify(limits))).size > 1;
  const form: Form = {
    purpose: { kind: 'limits', instanceIds, use: null },
    title:
      t('Limits of {instances}', { instances: whose(state, instanceIds) }) +
      (isMixed ? t(', which differ now') : ''),
    fields: [
      formField('cpuCores', 'CPU', common('cpuCores'), t('cores: 0.5, 2; empty for no limit')),
      formField('memoryMiB', t('Memory'), common('memoryMiB'), t('MiB, hard: above it processes are killed')),
      formField(
        'memoryHighMiB',
        t('Memory mark'),
        common('memoryHighMiB'),
        t('MiB: pressure and a warning from here'),
      ),
      formField('pids', t('Processes'), common('pids'), t('processes and threads together')),
    ],
    focus: 0,
    problem: '',
  };
  return become(
    { ...state, form },
    {
      type: 'load-use',
      instanceIds,
      to: state.now + state.fleet.masterOffsetMs,
    },
  );
}

const NAMED = 2;

/** One by its name; of several how many, and the first of them. */
function whose({ fleet, t }: CockpitState, instanceIds: readonly number[]): string {
  const names = instanceIds.flatMap((id) => {
    const view = fleet.instances.get(id);
    return view === undefined ? [] : [instanceWords(view, fleet.nodes)];
  });
  const named = names.slice(0, NAMED).join(t(', '));
  const rest = names.length - NAMED;
  if (names.length === 1) return named;
  const more = rest > 0 ? t(' and {count} more', { count: rest }) : '';
  return t.count(names.length, 'instance') + t(' ({what})', { what: named + more });
}

/** What the fields say, or what is wrong with them. */
export function limitsOf(t: Translate, form: Form): Limits | string {
  const raw: Record<string, number> = {};
  for (const { key, label } of form.fields) {
    const text = textOf(form, key);
    if (text === '') continue;
    if (!/^\d+(\.\d+)?$/.test(text)) return t('{label}: "{text}" is no number', { label, text });
    raw[key] = Number(text);
  }
  const parsed = limitsSchema.safeParse(raw);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const label = form.fields.find(({ key }) => key === issue?.path[0])?.label ?? '';
    return `${label}${t(': ')}${t.known(issue?.message ?? 'is not possible')}`;
  }
  const [problem] = limitProblems(parsed.data);
  return problem === undefined ? parsed.data : t.told(problem);
}

export function submitLimits(
  state: CockpitState,
  form: Form,
  { instanceIds }: { readonly instanceIds: readonly number[] },
): Reduction {
  const limits = limitsOf(state.t, form);
  if (typeof limits === 'string') return become(withForm(state, { problem: limits }));
  return propose(state, { kind: 'limit', limits }, instanceIds);
}

/** An answer for a form that is not open any more is ignored. */
export function takeUse(
  state: CockpitState,
  instanceIds: readonly number[],
  histories: readonly FiguresHistory[],
  stepMs: number,
): CockpitState {
  const { form } = state;
  if (form?.purpose.kind !== 'limits' || form.purpose.instanceIds !== instanceIds) return state;
  return withForm(state, { purpose: { ...form.purpose, use: knownUse(histories, stepMs) } });
}

/** @param stepMs between two samples */
function knownUse(histories: readonly FiguresHistory[], stepMs: number): KnownUse {
  const greatest = (values: readonly (number | null)[]): number | null =>
    values.reduce<number | null>(
      (top, value) => (value === null ? top : Math.max(top ?? value, value)),
      null,
    );
  return {
    cpuMillicores: greatest(histories.map(({ cpuMillicores }) => percentile95(cpuMillicores))),
    memoryBytes: greatest(histories.map(({ memoryBytes }) => percentile95(memoryBytes))),
    seconds: Math.round(
      (stepMs / 1000) * Math.max(0, ...histories.map(({ memoryBytes }) => known(memoryBytes).length)),
    ),
  };
}

function known(samples: readonly (number | null)[]): number[] {
  return samples.filter((sample) => sample !== null);
}

/** By nearest rank (NIST handbook 7.2.6.2); null without samples. */
function percentile95(samples: readonly (number | null)[]): number | null {
  const sorted = known(samples).sort((a, b) => a - b);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? null;
}
