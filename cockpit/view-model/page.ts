import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { capsuleLines } from './capsule.ts';
import { chartPageLines } from './chart-page.ts';
import { configServiceLines } from './config-service.ts';
import { configDiffLines, configTextLines } from './config-text.ts';
import { describeLines } from './describe.ts';
import { helpLines } from './help.ts';
import { keyProblemLines } from './key-problems.ts';
import { layoutOf } from './layout.ts';
import type { Line } from './line.ts';
import { releaseDiffLines } from './release-diff.ts';
import { tourLines } from './tour.ts';

/** All lines of a page without rows to select; empty for other screens. */
export function pageLines(state: CockpitState): readonly Line[] {
  const { screen } = currentView(state);
  if (screen.name === 'help')
    return [
      ...keyProblemLines(state),
      ...helpLines(screen.of, state.size.columns, state.bindings, state.settings.aliases, state.t),
    ];
  if (screen.name === 'tour') return tourLines(state.t, state.bindings);
  if (screen.name === 'release-diff') return releaseDiffLines(state);
  if (screen.name === 'config-text') return configTextLines(state);
  if (screen.name === 'config-diff') return configDiffLines(state);
  if (screen.name === 'config-service') return configServiceLines(state);
  if (screen.name === 'describe') return describeLines(state, screen.target);
  const { chart, capsule } = state.insight;
  if (screen.name === 'chart' && chart !== null) return chartPageLines(state, chart, layoutOf(state).body);
  if (screen.name === 'capsule' && capsule !== null) return capsuleLines(state, capsule);
  return [];
}

/** How far such a page can be scrolled. */
export function pageLength(state: CockpitState): number {
  return pageLines(state).length;
}
