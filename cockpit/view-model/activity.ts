import type { Activity } from '../../common/domain/presence.ts';
import { takeColumns } from '../format/width.ts';
import { english } from '../language/translate.ts';
import type { CockpitState } from '../store/state.ts';
import { changeLabel } from '../store/tasks.ts';
import { verbLabel } from '../store/verbs.ts';
import { currentView } from '../store/views.ts';
import { questionOf } from './change-question.ts';
import { placeOf } from './place.ts';

const MAX_NAME = 100;
const MAX_DOING = 150;

/** What the others are told of this cockpit: the screen's name, and what is asked or under way. */
export function activityOf(state: CockpitState): Activity {
  const { screen, about } = placeOf(state, currentView(state));
  return {
    screen,
    about: about.map((name) => takeColumns(name, MAX_NAME)),
    // Those who read it may have another language than this one: what is done is told in the one that all share.
    doing: takeColumns(doingOf({ ...state, t: english }), MAX_DOING),
  };
}

function doingOf(state: CockpitState): string {
  const { jobs, tasks, confirm, t } = state;
  const underWay = jobs.at(-1) ?? tasks.at(-1);
  if (underWay !== undefined)
    return 'verb' in underWay
      ? verbLabel(state, underWay.verb, underWay.instanceIds)
      : changeLabel(state, underWay.change, underWay.instanceIds);
  if (confirm === null) return '';
  if (confirm.change.kind !== 'verb')
    return t('asked: {question}', { question: questionOf(state, confirm).text });
  return t('about to {verb} {instances}', {
    verb: t(confirm.change.verb),
    instances: t.count(confirm.instanceIds.length, 'instance'),
  });
}
