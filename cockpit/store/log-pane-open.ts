import { english, type Translate } from '../language/translate.ts';
import type { LogPaneReduction } from './log-pane-state.ts';
import { nextReads } from './log-reads.ts';
import type { LogSourceSpec } from './log-view-spec.ts';
import { EMPTY_FIELD } from './text-field.ts';

/** A pane that shows the end of the log and follows it. */
export function openLogPane(opened: {
  sources: readonly LogSourceSpec[];
  columns: number;
  rows: number;
  t?: Translate;
}): LogPaneReduction {
  return nextReads({
    t: opened.t ?? english,
    view: { sources: opened.sources, filters: [] },
    origin: null,
    hiddenLines: 0,
    troubles: [],
    aboveReads: 0,
    isTyping: false,
    typingFor: 'search',
    columns: opened.columns,
    rows: opened.rows,
    window: null,
    lineage: '',
    base: 0,
    headOffset: 0,
    tailOffset: 0,
    floor: null,
    isFollowing: true,
    top: null,
    news: null,
    isWrapped: false,
    timestamps: 'written',
    json: 'raw',
    pan: 0,
    wanted: null,
    paceMs: 0,
    forward: null,
    backwardId: null,
    nextId: 1,
    trouble: null,
    skippedBytes: 0,
    field: EMPTY_FIELD,
    matcher: null,
    hit: null,
    search: null,
    tally: null,
    notice: '',
    marks: [],
    selection: null,
    copying: '',
    files: null,
    saving: null,
    completions: [],
    overwrite: null,
    runStep: null,
    centerOn: null,
  });
}
