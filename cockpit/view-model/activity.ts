import type { Activity } from '../../common/domain/presence.ts';
import { takeColumns } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { questionOf } from './change-question.ts';
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

function doingOf(state: CockpitState): string {
  const { jobs, tasks, confirm, t } = state;
  const underWay = jobs.at(-1) ?? tasks.at(-1);
  if (underWay !== undefined) return underWay.label;
  if (confirm === null) return '';
  if (confirm.change.kind !== 'verb')
    return t('asked: {question}', { question: questionOf(state, confirm).text });
  return t('about to {verb} {instances}', {
    verb: t(confirm.change.verb),
    instances: t.count(confirm.instanceIds.length, 'instance'),
  });
}
