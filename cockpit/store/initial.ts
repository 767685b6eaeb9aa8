import type { LinkState } from '../client/master-client.ts';
import { DEFAULT_SETTINGS, type Settings } from '../config/settings.ts';
import { BINDINGS } from '../keymap/bindings.ts';
import { remapKeys } from '../keymap/remap.ts';
import { english, type Translate } from '../language/translate.ts';
import { NO_CONFIG } from './config-state.ts';
import { EMPTY_FLEET } from './fleet.ts';
import { NO_INSIGHT } from './insight.ts';
import { rememberedView } from './settings.ts';
import type { CockpitState, Size } from './state.ts';
import { withToast } from './toasts.ts';
import { NO_TRAIL } from './trail.ts';

export function initialState(start: {
  url: string;
  link: LinkState;
  size: Size;
  now: number;
  t?: Translate;
  settings?: Settings;
  isReadOnly?: boolean;
  isTouring?: boolean;
  /** What went wrong before the first frame, for people. */
  problems?: readonly string[];
  /** Where the settings are, for people. */
  settingsFile?: string;
}): CockpitState {
  const settings = start.settings ?? DEFAULT_SETTINGS;
  const { t = english } = start;
  const keys = remapKeys(t, BINDINGS, settings.keys, start.settingsFile);
  const { problems = [], settingsFile: _, ...rest } = start;
  const state: CockpitState = {
    ...rest,
    t,
    settings,
    isReadOnly: start.isReadOnly ?? settings.readOnly,
    isTouring: start.isTouring ?? false,
    bindings: keys.bindings,
    keyProblems: keys.problems,
    trail: NO_TRAIL,
    fleet: EMPTY_FLEET,
    catalog: {
      services: null,
      releases: new Map(),
      hasAllReleases: false,
      rollouts: new Map(),
      hasRollouts: false,
      tokens: null,
      releaseDiff: null,
      events: null,
    },
    views: [rememberedView(settings, { name: 'nodes' })],
    marks: new Set(),
    markAnchor: null,
    prompt: null,
    releaseMarks: new Set(),
    confirm: null,
    form: null,
    secret: null,
    tasks: [],
    picker: null,
    deploy: null,
    logPane: null,
    insight: NO_INSIGHT,
    config: NO_CONFIG,
    jobs: [],
    toasts: [],
    nextId: 1,
  };
  return [...problems, ...keyProblemText(t, keys.problems)].reduce(
    (next, problem) => withToast(next, 'bad', problem),
    state,
  );
}

/** One text: of several only the newest would be seen. */
function keyProblemText(t: Translate, [first, ...others]: readonly string[]): string[] {
  if (first === undefined) return [];
  return [
    others.length === 0 ? first : first + t(' (and {count} more: ? has all)', { count: others.length }),
  ];
}
