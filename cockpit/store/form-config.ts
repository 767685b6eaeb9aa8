import {
  type ConfigAction,
  configFileNameSchema,
  configMessageSchema,
  configSignalSchema,
} from '../../common/domain/config-file.ts';
import { instanceWords } from '../format/fleet-words.ts';
import type { Word } from '../language/translate.ts';

import { type ConfigFileKey, configFile, configKey, type NewVersion, unpublished } from './config-state.ts';
import { configServiceName, selectedConfigFile } from './config-targets.ts';
import { type Form, formField, textOf, withForm } from './form.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';

const THEN = ['nothing', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'restart'] as const;
const THEN_HELP: Word = 'where files change';
const TITLES = {
  text: 'Save {name} of {whom}',
  version: 'Roll back {name} of {whom} to version {version}',
  removal: 'Remove {name} of {whom}',
} as const satisfies Record<NewVersion['kind'], string>;

function actionOf(text: string): ConfigAction {
  const signal = configSignalSchema.safeParse(text);
  if (signal.success) return { kind: 'signal', signal: signal.data };
  return { kind: text === 'restart' ? 'restart' : 'nothing' };
}

/** Why, and whether it is published at once. */
export function openSaveForm(state: CockpitState, file: ConfigFileKey, what: NewVersion): Reduction {
  const { serviceName, name, instanceId } = file;
  const { t } = state;
  // It is kept with the version, for readers of every language.
  const message = what.kind === 'version' ? `version ${what.version} again` : '';
  const form: Form = {
    purpose: { kind: 'config-save', file: { serviceName, name, instanceId }, what },
    title: t(TITLES[what.kind], {
      name,
      whom: targetWords(state, file),
      version: what.kind === 'version' ? what.version : '',
    }),
    fields: [
      formField('message', t('Message'), message, t('why; kept with the version')),
      formField('publish', t('Publish'), 'no', t('yes: shows first whom it hits'), ['no', 'yes']),
      formField('then', t('Then'), 'nothing', t(THEN_HELP), THEN),
    ],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

export function targetWords({ fleet, t }: CockpitState, { serviceName, instanceId }: ConfigFileKey): string {
  const instance = instanceId === null ? undefined : fleet.instances.get(instanceId);
  if (instance !== undefined) return instanceWords(instance, fleet.nodes);
  if (instanceId === null) return serviceName;
  return serviceName + t(' ({what})', { what: t('instance {id}', { id: instanceId }) });
}

export function submitSave(
  state: CockpitState,
  form: Form,
  { file, what }: { readonly file: ConfigFileKey; readonly what: NewVersion },
): Reduction {
  if (form.isSending === true) return become(state);
  const message = configMessageSchema.safeParse(textOf(form, 'message'));
  if (!message.success)
    return become(
      withForm(state, {
        problem: `${state.t('Message')}${state.t(': ')}${state.t.known(message.error.issues[0]?.message ?? '')}`,
      }),
    );
  const action = actionOf(textOf(form, 'then'));
  const isPublished = textOf(form, 'publish') === 'yes';
  if (!isPublished && action.kind !== 'nothing')
    return become(
      withForm(state, {
        problem: state.t('Then: nothing follows before it is published; choose Publish: yes'),
      }),
    );
  const { serviceName, instanceId } = file;
  const instanceIds = instanceId === null ? null : [instanceId];
  const publish = isPublished ? { serviceName, action, message: message.data, instanceIds } : null;
  return become(withForm(state, { problem: '', isSending: true }), {
    type: 'config',
    effect: { type: 'save-config', file, what, message: message.data, publish },
  });
}

/** To whom, and what follows. */
export function openPublishForm(state: CockpitState): Reduction {
  const { t } = state;
  const serviceName = configServiceName(state);
  const service = serviceName === undefined ? undefined : state.config.services?.get(serviceName);
  if (serviceName === undefined || service === undefined)
    return become(unselected(state, 'Select a config file of the service to publish first'));
  if (service.files.length === 0)
    return become(
      withToast(
        state,
        'warn',
        t('{serviceName} has no config files to publish: a adds one', { serviceName }),
      ),
    );
  const file = selectedConfigFile(state);
  const own = file?.instanceId == null ? undefined : targetWords(state, file);
  const form: Form = {
    purpose: { kind: 'config-publish', serviceName },
    title: t('Publish the config of {serviceName}: {files}', {
      serviceName,
      files: t.count(unpublished(service).length, 'changed file'),
    }),
    fields: [
      formField('message', t('Message'), '', t('why; kept with the publication')),
      formField('to', t('To'), own ?? 'all', t('all, or node:port, node:port ...')),
      formField('then', t('Then'), 'nothing', t(THEN_HELP), THEN),
    ],
    focus: 0,
    problem: '',
  };
  return become({ ...state, form });
}

export function submitPublish(
  state: CockpitState,
  form: Form,
  { serviceName }: { readonly serviceName: string },
): Reduction {
  const wrong = (problem: string): Reduction => become(withForm(state, { problem }));
  const message = configMessageSchema.safeParse(textOf(form, 'message'));
  if (!message.success)
    return wrong(
      `${state.t('Message')}${state.t(': ')}${state.t.known(message.error.issues[0]?.message ?? '')}`,
    );
  const instanceIds = instancesNamed(state, serviceName, textOf(form, 'to'));
  if (typeof instanceIds === 'string') return wrong(instanceIds);
  const action = actionOf(textOf(form, 'then'));
  const request = { serviceName, action, message: message.data, instanceIds };
  return become(withForm(state, { problem: '' }), {
    type: 'config',
    effect: { type: 'plan-config', request },
  });
}

/** Ids of instances of a service by their names; null for all; or what is wrong. */
function instancesNamed(
  { fleet, t }: CockpitState,
  serviceName: string,
  text: string,
): readonly number[] | null | string {
  const words = text.split(/[\s,]+/).filter((word) => word !== '');
  if (words.length === 0 || text === 'all') return null;
  const own = [...fleet.instances.values()].filter((view) => view.serviceName === serviceName);
  const ids: number[] = [];
  for (const word of words) {
    const fits = own.filter((view) => {
      const whole = instanceWords(view, fleet.nodes);
      return whole === word || whole.endsWith(`@${word}`) || whole.endsWith(`:${word}`);
    });
    const [only] = fits;
    if (only === undefined)
      return t('{serviceName} has no instance "{word}": node:port, as in the tables', { serviceName, word });
    if (fits.length > 1)
      return t('"{word}" are {count} instances of {serviceName}: name node:port', {
        word,
        count: fits.length,
        serviceName,
      });
    ids.push(only.instanceId);
  }
  return [...new Set(ids)];
}

/** A file that there is not yet. */
export function openConfigFileForm(state: CockpitState): Reduction {
  const { t } = state;
  const form: Form = {
    purpose: { kind: 'config-file' },
    title: t('A new config file'),
    fields: [
      formField('service', t('Service'), configServiceName(state) ?? '', t('whose instances get it')),
      formField('name', t('File'), '', t('app.json, or conf.d/app.json')),
      formField('for', t('For'), 'all', t('all, or one instance (node:port) in the place of theirs')),
    ],
    focus: configServiceName(state) === undefined ? 0 : 1,
    problem: '',
  };
  return become({ ...state, form });
}

export function submitConfigFile(state: CockpitState, form: Form): Reduction {
  const { t } = state;
  const wrong = (problem: string): Reduction => become(withForm(state, { problem }));
  const serviceName = textOf(form, 'service');
  if (state.catalog.services?.some(({ name }) => name === serviceName) !== true)
    return wrong(t('Service: there is none called "{serviceName}"', { serviceName }));
  const name = configFileNameSchema.safeParse(textOf(form, 'name'));
  if (!name.success)
    return wrong(`${t('File')}${t(': ')}${t.known(name.error.issues[0]?.message ?? 'is not possible')}`);
  const ids = instancesNamed(state, serviceName, textOf(form, 'for'));
  if (typeof ids === 'string') return wrong(ids);
  if (ids !== null && ids.length > 1) return wrong(t('For: one instance, or all'));
  const file = { serviceName, name: name.data, instanceId: ids?.[0] ?? null };
  const known = configFile(state, file);
  if (known !== undefined && !known.isRemoval)
    return wrong(t('File: {name} is there already; e on it edits it', { name: name.data }));
  const draft = state.config.drafts.get(configKey(file)) ?? null;
  return become({ ...state, form: null }, { type: 'config', effect: { type: 'edit-config', file, draft } });
}
