import type { Activity } from '../../common/domain/presence.ts';
import { count } from '../format/quantity.ts';
import { takeColumns } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { viewName } from './header.ts';

const MAX_SCREEN = 100;
const MAX_DOING = 150;

/** What the others are told of this cockpit: the screen's name, and what is asked or under way. */
export function activityOf(state: CockpitState): Activity {
  return {
    screen: takeColumns(viewName(state, currentView(state)), MAX_SCREEN),
    doing: takeColumns(doingOf(state), MAX_DOING),
  };
}

function doingOf({ jobs, confirm }: CockpitState): string {
  const job = jobs.at(-1);
  if (job !== undefined) return job.label;
  return confirm === null ? '' : `about to ${confirm.verb} ${count(confirm.instanceIds.length, 'instance')}`;
}
