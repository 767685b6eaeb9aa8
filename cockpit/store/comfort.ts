import { themeNameSchema } from '../config/settings.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** Another palette, remembered; without a name, the next one. */
export function chooseTheme(state: CockpitState, name: string): CockpitState {
  const names = themeNameSchema.options;
  const next = names[(names.indexOf(state.settings.theme) + 1) % names.length];
  const chosen = name === '' ? next : names.find((known) => known === name);
  const { t } = state;
  if (chosen === undefined)
    return withToast(state, 'warn', t('No theme "{name}": {names}', { name, names: names.join(', ') }));
  return withToast(
    { ...state, settings: { ...state.settings, theme: chosen } },
    'accent',
    t('Theme {theme} (NO_COLOR takes the colours away)', { theme: chosen }),
  );
}

const CONTEXT_EXAMPLE = '"contexts": {"prod": {"master": "http://…", "tokenFile": "…"}}';

/** Another master by its name in the config file; without a name, which ones there are. */
export function switchContext(state: CockpitState, name: string): Reduction {
  const { t } = state;
  const names = Object.keys(state.settings.contexts);
  if (names.length === 0)
    return become(
      withToast(
        state,
        'warn',
        t('No contexts yet: name masters in the config file, {example}', { example: CONTEXT_EXAMPLE }),
      ),
    );
  const list = names.join(', ');
  if (name === '')
    return become(withToast(state, 'accent', t('Contexts: {names} (:ctx NAME)', { names: list })));
  if (!names.includes(name))
    return become(withToast(state, 'warn', t('No context "{name}": {names}', { name, names: list })));
  return become(state, { type: 'switch-context', name });
}

/** One screen of what there is to know first; it is not shown again by itself. */
export function openTour(state: CockpitState): CockpitState {
  return pushView({ ...state, settings: { ...state.settings, toured: true } }, viewOf({ name: 'tour' }));
}

/** Whoever has gone on from the first screen has begun; the file that this writes is the sign that it was not the first time. */
export function endTour(state: CockpitState): CockpitState {
  if (!state.isTouring || currentView(state).screen.name === 'nodes') return state;
  return { ...state, isTouring: false, settings: { ...state.settings, toured: true } };
}
