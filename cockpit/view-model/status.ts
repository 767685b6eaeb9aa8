import { formatSpan } from '../format/time.ts';
import { displayWidth, splitGraphemes, truncateStart } from '../format/width.ts';
import { completionsOf } from '../store/palette.ts';
import { filterProblem } from '../store/prompt.ts';
import type { CockpitState, TextField } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { lineOf } from './columns.ts';
import { keysOf } from './filter.ts';
import { layoutOf, shownToast, toastRows } from './layout.ts';
import type { Line, Segment } from './line.ts';
import { pageLength } from './page.ts';
import { tableOf } from './tables.ts';

/** What stands above the hints: the prompt while one types, else news, else what is under way. */
export type StatusModel =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  | { readonly kind: 'busy'; readonly text: string };

export function statusModel(state: CockpitState): StatusModel {
  if (state.prompt !== null) return { kind: 'lines', lines: [promptLine(state)] };
  const toast = shownToast(state);
  if (toast !== undefined) {
    const signs = { ok: 'ok', accent: '', warn: '!', bad: '!!' } as const;
    const more = state.toasts.length > 1 ? ` (+${state.toasts.length - 1})` : '';
    const lines = toastRows(toast, state.size.columns).map((text, at, all) => {
      const sign = at === 0 ? ` ${signs[toast.tone]} ` : '    ';
      const rest = at === all.length - 1 ? more : '';
      return lineOf(
        [
          { text: sign.padEnd(4), tone: toast.tone },
          { text, tone: toast.tone },
          { text: rest, tone: 'dim' },
        ],
        state.size.columns,
      );
    });
    return { kind: 'lines', lines };
  }
  const text = underWay(state);
  return text === null ? { kind: 'lines', lines: [belowLine(state)] } : { kind: 'busy', text };
}

/** Of a page that goes on below: how far. */
function belowLine(state: CockpitState): Line {
  const below = pageLength(state) - currentView(state).table.top - layoutOf(state).body;
  if (below <= 0 || state.confirm !== null || state.link.state === 'refused') return { segments: [] };
  return { segments: [{ text: ` ${state.t.count(below, 'more line')}${state.t(' below')}`, tone: 'dim' }] };
}

/** What this cockpit has asked for and waits for; null for nothing. */
function underWay(state: CockpitState): string | null {
  const { jobs, tasks, now, t } = state;
  const all: { label: string; startedAt: number }[] = [...jobs, ...tasks];
  const [first] = all;
  if (first === undefined) return null;
  const more = all.length > 1 ? t(' (and {count} more)', { count: all.length - 1 }) : '';
  return `${first.label} ... ${formatSpan(now - first.startedAt)}${more}`;
}

/** A text under edit, with its cursor painted; its end stays in sight. */
export function fieldSegments({ text, cursor }: TextField, width: number, isFocused: boolean): Segment[] {
  if (!isFocused) return [{ text: truncateStart(text, width) }];
  const before = truncateStart(text.slice(0, cursor), Math.max(1, width - 1));
  const [under = ' ', ...rest] = splitGraphemes(text.slice(cursor));
  return [{ text: before }, { text: under, sgr: '7' }, { text: rest.join('') }];
}

function promptLine(state: CockpitState): Line {
  const { prompt, size, t } = state;
  if (prompt === null) return { segments: [] };
  const sign = prompt.kind === 'palette' ? ' :' : ' /';
  const room = Math.max(10, Math.floor(size.columns / 2));
  const field = fieldSegments(prompt.field, room, true);
  const segments: Segment[] = [{ text: sign, tone: 'key' }, ...field];
  if (prompt.kind === 'palette') {
    const choices = completionsOf(prompt.before, state.settings.aliases);
    segments.push({ text: '   ' });
    if (choices.length === 0 && !prompt.before.includes(' ')) {
      segments.push({ text: t('no such command'), tone: 'warn' });
    }
    choices.forEach((choice, at) => {
      const name = choice.argument === '' ? choice.name : `${choice.name} ${choice.argument}`;
      segments.push({
        text: `${at === 0 ? '' : '  '}${name}`,
        tone: at === prompt.choice ? 'accent' : 'dim',
      });
    });
  } else {
    segments.push({ text: '  ' }, filterHelp(state));
  }
  return lineOf(segments, size.columns);
}

/** What may be typed next, or what is wrong with what was. */
function filterHelp(state: CockpitState): Segment {
  const problem = filterProblem(state);
  if (problem !== null) return { text: problem, tone: 'warn' };
  const keys = keysOf(tableOf(currentView(state).screen)?.fields ?? []);
  const { text } = state.prompt?.field ?? { text: '' };
  if (displayWidth(text) === 0)
    return { text: state.t('text  !not  -r regex  key:value of {keys}', { keys }), tone: 'dim' };
  return { text: state.t('keys: {keys}', { keys }), tone: 'dim' };
}
