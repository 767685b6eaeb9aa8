import type { Word } from '../language/translate.ts';
import type { ConfigEffect } from './config-action.ts';
import { type configFile, configKey, withConfig } from './config-state.ts';
import { configServiceName, selectedConfigFile, selectedConfigVersion } from './config-targets.ts';
import { openConfigFileForm, openPublishForm, openSaveForm } from './form-config.ts';
import { openSecretForm } from './form-secret.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange, refusedServices } from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';
import { currentView, pushView, viewOf } from './views.ts';

/** What is asked for on the screens of the config centre. */
export type ConfigAsk =
  | 'config-edit'
  | 'config-add'
  | 'config-publish'
  | 'config-remove'
  | 'config-roll-back'
  | 'config-compare'
  | 'config-service'
  | 'config-open'
  | 'config-save'
  | 'config-secret';

const ASKS: ReadonlySet<string> = new Set<ConfigAsk>([
  'config-edit',
  'config-add',
  'config-publish',
  'config-remove',
  'config-roll-back',
  'config-compare',
  'config-service',
  'config-open',
  'config-save',
  'config-secret',
]);

export function isConfigAsk(what: string): what is ConfigAsk {
  return ASKS.has(what);
}

/** Those that only look. */
export const LOOKING: ReadonlySet<string> = new Set<ConfigAsk>([
  'config-compare',
  'config-service',
  'config-open',
]);

const run = (state: CockpitState, effect: ConfigEffect): Reduction =>
  become(state, { type: 'config', effect });

export function askConfig(state: CockpitState, what: ConfigAsk): Reduction {
  const refused = LOOKING.has(what) ? null : refusedChange(state);
  if (refused !== null) return become(refused);
  switch (what) {
    case 'config-open':
      return openConfig(state);
    case 'config-service':
      return openService(state);
    case 'config-add':
      return openConfigFileForm(state);
    case 'config-secret':
      return openSecretForm(state);
    case 'config-publish':
      return openPublishForm(state);
    case 'config-compare':
      return compare(state);
    case 'config-edit':
      return edit(state);
    case 'config-roll-back':
      return rollBack(state);
    case 'config-remove': {
      const file = selectedConfigFile(state);
      if (file === undefined) return nothing(state, 'Select a config file to remove first (a adds one)');
      if (file.isRemoval) return gone(state, file.name);
      return openSaveForm(state, file, { kind: 'removal' });
    }
    case 'config-save': {
      const diff = state.config.diff;
      return diff?.save == null ? become(state) : openSaveForm(state, diff.file, diff.save);
    }
  }
}

function nothing(state: CockpitState, text: Word): Reduction {
  return become(unselected(state, text));
}

function gone(state: CockpitState, name: string): Reduction {
  return become(
    withToast(
      state,
      'warn',
      state.t('{name} is removed already: p publishes that, b on a version brings it back', { name }),
    ),
  );
}

/** From a service or an instance to the files of its service. */
function openConfig(state: CockpitState): Reduction {
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const name = configServiceName(state);
  if (name === undefined) return become(unselected(state, 'Select a service to see its config files first'));
  return run(pushView(state, viewOf({ name: 'config' }, `service:=${name}`)), {
    type: 'load-config',
    serviceNames: null,
  });
}

function openService(state: CockpitState): Reduction {
  const serviceName = configServiceName(state);
  if (serviceName === undefined)
    return nothing(state, 'Select a config file to see who has it first (a adds one)');
  if (currentView(state).screen.name === 'config-service') return become(state);
  return run(pushView(state, viewOf({ name: 'config-service', serviceName })), {
    type: 'load-config',
    serviceNames: [serviceName],
  });
}

function edit(state: CockpitState): Reduction {
  const file = selectedConfigFile(state) ?? state.config.diff?.file;
  if (file === undefined) return nothing(state, 'Select a config file to edit first (a adds one)');
  const draft = state.config.drafts.get(configKey(file)) ?? null;
  const { serviceName, name, instanceId } = file;
  return run(state, { type: 'edit-config', file: { serviceName, name, instanceId }, draft });
}

/** The newest becomes what it was in the version under the cursor. */
function rollBack(state: CockpitState): Reduction {
  const { t } = state;
  const version = selectedConfigVersion(state);
  const file = selectedConfigFile(state);
  if (version === undefined || file === undefined)
    return become(
      withToast(state, 'warn', t('Open a file with enter, and select the version to go back to')),
    );
  if (version.isRemoval)
    return become(
      withToast(state, 'warn', t('Version {version} is its removal: ctrl-x removes it', version)),
    );
  if (version.versionId === file.versionId)
    return become(
      withToast(state, 'warn', t('Version {version} is the newest: nothing to go back to', version)),
    );
  return toDiff(state, {
    type: 'compare-config',
    file: keyOf(file),
    from: file.isRemoval ? null : file.version,
    to: version.version,
    save: { kind: 'version', version: version.version },
  });
}

/** Two marked versions; else the one under the cursor with the one before; in the list, the published with the newest. */
function compare(state: CockpitState): Reduction {
  const { t } = state;
  const file = selectedConfigFile(state);
  if (file === undefined) return nothing(state, 'Select a config file to compare first (a adds one)');
  const key = keyOf(file);
  const versions = state.config.versions?.list ?? [];
  const numberOf = (each: { isRemoval: boolean; version: number } | undefined): number | null =>
    each === undefined || each.isRemoval ? null : each.version;
  if (currentView(state).screen.name === 'config') {
    const published = file.publishedVersion;
    const newest = numberOf(file);
    if (published === newest)
      return become(
        withToast(state, 'accent', t('{name}: what is published is what is newest', { name: file.name })),
      );
    return toDiff(state, { type: 'compare-config', file: key, from: published, to: newest, save: null });
  }
  const marked = versions.filter(({ versionId }) => state.config.marks.has(versionId));
  if (marked.length > 0 && marked.length !== 2)
    return become(withToast(state, 'warn', t('Mark two versions with space to compare them')));
  const selected = selectedConfigVersion(state);
  const at = versions.findIndex(({ versionId }) => versionId === selected?.versionId);
  const [newer, older] = marked.length === 2 ? marked : [versions[at], versions[at + 1]];
  if (newer === undefined) return nothing(state, 'Select a config file to compare first (a adds one)');
  return toDiff(state, {
    type: 'compare-config',
    file: key,
    from: numberOf(older),
    to: numberOf(newer),
    save: null,
  });
}

function keyOf({ serviceName, name, instanceId }: NonNullable<ReturnType<typeof configFile>>) {
  return { serviceName, name, instanceId };
}

function toDiff(state: CockpitState, effect: ConfigEffect): Reduction {
  return run(pushView(withConfig(state, { diff: null }), viewOf({ name: 'config-diff' })), effect);
}
