import type { ReactElement } from 'react';
import { Lines } from '../components/lines.tsx';
import type { Theme } from '../components/theme.ts';
import type { CockpitState } from '../store/state.ts';
import { logBodyLines } from '../view-model/log-body.ts';

/** The log pane: one text node a row, of segments that hold no byte of the log as it came. */
export function LogScreen({ state, theme }: { state: CockpitState; theme: Theme }): ReactElement {
  return <Lines lines={logBodyLines(state)} columns={state.size.columns} theme={theme} />;
}
