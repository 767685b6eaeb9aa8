import { plainText } from '../format/plain-text.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { previewLines } from './config-text.ts';
import { confirmBlocks } from './confirm.ts';
import { atDataTime } from './data-time.ts';
import { deployBlocks } from './deploy.ts';
import { BLANK, type Block, textLine } from './dialog.ts';
import { emptyLines } from './empty.ts';
import { formBlocks } from './form.ts';
import { headerLines } from './header.ts';
import { hintLine } from './hints.ts';
import { isTooSmall, layoutOf, MIN_SIZE } from './layout.ts';
import type { Line } from './line.ts';
import { overviewLines } from './overview.ts';
import { pageLines } from './page.ts';
import { pickerBlocks } from './picker.ts';
import { rolloutPage } from './rollout-page.ts';
import { secretBlocks } from './secret.ts';
import { type StatusModel, statusModel } from './status.ts';
import { tableOf } from './tables.ts';
import { tourLines } from './tour.ts';

export type Body =
  | { readonly kind: 'lines'; readonly lines: readonly Line[] }
  | { readonly kind: 'blocks'; readonly blocks: readonly Block[] }
  | { readonly kind: 'logs' };

/** One whole screen, top to bottom. */
export interface Frame {
  readonly header: readonly Line[];
  readonly body: Body;
  /** Rows of the body, filled or not. */
  readonly bodyRows: number;
  readonly status: StatusModel;
  readonly hints: Line;
}

/** What a person sees of a state. Pure. */
export function frameOf(state: CockpitState): Frame {
  const layout = layoutOf(state);
  const rows = layout.overview + layout.tableHeader + layout.body + layout.preview;
  return {
    header: headerLines(state),
    body: bodyOf(state, rows),
    bodyRows: rows,
    status: statusModel(state),
    hints: hintLine(state),
  };
}

function bodyOf(state: CockpitState, rows: number): Body {
  const view = currentView(state);
  const layout = layoutOf(state);
  if (state.link.state === 'refused') return { kind: 'blocks', blocks: refusedBlocks(state) };
  if (state.secret !== null)
    return { kind: 'blocks', blocks: secretBlocks(state.t, state.secret, state.size.columns) };
  const known = atDataTime(state);
  if (state.form !== null) return { kind: 'blocks', blocks: formBlocks(known, state.form, rows) };
  if (state.confirm !== null && view.screen.name === 'deploy' && state.deploy !== null)
    return { kind: 'blocks', blocks: deployBlocks(state, state.deploy, rows) };
  if (state.confirm !== null) return { kind: 'blocks', blocks: confirmBlocks(known, state.confirm, rows) };
  if (state.picker !== null) return { kind: 'blocks', blocks: pickerBlocks(state, state.picker, rows) };
  switch (view.screen.name) {
    case 'logs':
      return { kind: 'logs' };
    case 'deploy':
      return { kind: 'blocks', blocks: state.deploy === null ? [] : deployBlocks(state, state.deploy, rows) };
    case 'rollout':
      return { kind: 'blocks', blocks: rolloutPage(known, view.screen.rolloutId, rows) };
    case 'release-diff':
    case 'config-text':
    case 'config-diff':
    case 'config-service':
    case 'capsule':
    case 'chart':
    case 'help':
    case 'tour':
    case 'describe':
      return { kind: 'lines', lines: pageLines(known).slice(view.table.top, view.table.top + rows) };
    default: {
      const table = tableOf(view.screen)?.lines(known, view, layout.body);
      if (table === undefined) return { kind: 'lines', lines: [] };
      // Sums of nothing tell nobody what to do.
      const isBare = view.screen.name === 'pulse' && state.fleet.nodes.size === 0;
      const body = table.rows.length === 0 || isBare ? emptyLines(state) : table.rows;
      const lines = [
        ...overviewLines(known, layout.overview),
        table.header,
        ...body,
        ...previewLines(state, layout.preview),
      ];
      const tour = state.isTouring ? [BLANK, ...tourLines(state.t, state.bindings)] : [];
      return { kind: 'lines', lines: lines.length + tour.length <= rows ? [...lines, ...tour] : lines };
    }
  }
}

function refusedBlocks({ link, url, t }: CockpitState): Block[] {
  if (link.state !== 'refused') return [];
  const hint = t.hint(link.error);
  return [
    { kind: 'lines', lines: [BLANK] },
    {
      kind: 'alert',
      variant: 'error',
      text: t('{url} refused: {why}', { url: plainText(url), why: plainText(t.why(link.error)) }),
    },
    {
      kind: 'lines',
      lines: [
        ...(hint === undefined ? [] : [textLine(plainText(hint))]),
        textLine(t('Trying again will not help. :q leaves.'), 'dim'),
      ],
    },
  ];
}

/** Instead of everything, on a terminal that is too small for anything. */
export function tooSmallLines(state: CockpitState): Line[] | null {
  if (!isTooSmall(state)) return null;
  const { t } = state;
  const { columns, rows } = state.size;
  return [
    textLine(t('Too small: {columns}x{rows}', { columns, rows }), 'warn'),
    textLine(t('Needs {columns}x{rows}', MIN_SIZE)),
    textLine(t('ctrl-c leaves'), 'dim'),
  ].slice(0, rows);
}
