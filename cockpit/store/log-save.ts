import type { WireError } from '../../common/protocol/errors.ts';
import { formatBytes } from '../format/quantity.ts';
import { whyAndHint } from '../language/why-and-hint.ts';
import type { LogPaneReduction, LogPaneState } from './log-pane-state.ts';
import { fieldOf } from './text-field.ts';

/** `S`: asks where to. */
export function askPath(state: LogPaneState, defaultPath: string): LogPaneState {
  return {
    ...state,
    isTyping: true,
    typingFor: 'save',
    field: fieldOf(defaultPath),
    completions: [],
    notice: '',
  };
}

/** A path for a log without one: whose it is, and when it was saved. */
export function defaultPath({ view: { sources } }: LogPaneState, now: number): string {
  const [source] = sources;
  const name = sources.length === 1 && source !== undefined ? `${source.label}-${source.file}` : 'merged';
  const stamp = new Date(now)
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-');
  return `${name.replaceAll(/[^\w.@-]+/g, '-')}-${stamp}.log`;
}

/** Writes all of the view, from its beginning to its end as it is now. */
export function save(state: LogPaneState, path: string, mayOverwrite: boolean): LogPaneReduction {
  if (path.trim() === '') return { state: { ...state, isTyping: false }, effects: [] };
  const saveId = state.nextId;
  const saving = { saveId, path, writtenBytes: 0, totalBytes: state.tailOffset - state.headOffset };
  return {
    state: { ...state, isTyping: false, overwrite: null, nextId: saveId + 1, saving, notice: '' },
    effects: [{ type: 'save', saveId, view: { ...state.view }, path, mayOverwrite }],
  };
}

export function saveDone(state: LogPaneState, saveId: number, path: string, bytes: number): LogPaneState {
  const { t } = state;
  const size = bytes < 1000 ? '' : t(' ({what})', { what: formatBytes(bytes) });
  const amount = t.count(bytes, 'byte') + size;
  return ended(state, saveId, t('saved {amount} to {path}', { amount, path }));
}

export function saveFailed(state: LogPaneState, saveId: number, error: WireError): LogPaneState {
  const { t } = state;
  return ended(state, saveId, t('not saved: {why}', { why: whyAndHint(t, error) }));
}

export function saveExists(state: LogPaneState, saveId: number, path: string): LogPaneState {
  return state.saving?.saveId === saveId ? { ...state, saving: null, overwrite: path } : state;
}

function ended(state: LogPaneState, saveId: number, notice: string): LogPaneState {
  return state.saving?.saveId === saveId ? { ...state, saving: null, notice } : state;
}
