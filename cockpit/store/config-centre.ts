import type { SgridEvent } from '../../common/domain/event.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { diffLines } from '../format/diff-lines.ts';
import { howLost } from '../format/no-answer.ts';
import type { Translate, Word } from '../language/translate.ts';
import { whyAndHint } from '../language/why-and-hint.ts';
import type { ConfigCentreAction } from './config-action.ts';
import {
  type ConfigDiff,
  type ConfigFileKey,
  type ConfigText,
  configFile,
  configKey,
  type PublishRequest,
  type ServiceConfig,
  unpublished,
  withConfig,
} from './config-state.ts';
import { withForm } from './form.ts';
import { secretNotSet, secretSet } from './form-secret.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { withError, withToast, withUnanswered } from './toasts.ts';
import { currentView, pushView, viewOf } from './views.ts';

const KEPT_TEXTS = 50;

export function reduceConfig(state: CockpitState, action: ConfigCentreAction): Reduction {
  switch (action.type) {
    case 'config-listed':
      return listed(state, action.services, action.isWhole);
    case 'config-versions':
      return become(withConfig(state, { versions: { file: configKey(action.file), list: action.versions } }));
    case 'config-text':
      return become(withText(state, action.versionId, action.text));
    case 'config-compared':
      return become(compared(state, action));
    case 'config-edited':
      return become(edited(state, action));
    case 'config-saved':
      return saved(state, action);
    case 'config-not-saved':
      return become(notSaved(state, action.file, action.error));
    case 'config-planned':
      return planned(state, action.request, action.effects);
    case 'secret-set':
      return secretSet(state, action.serviceName, action.secret);
    case 'secret-not-set':
      return become(secretNotSet(state, action.error));
    case 'config-failed':
      return become(failed(state, action.what, action.error));
  }
}

function listed(
  state: CockpitState,
  answer: ReadonlyMap<string, ServiceConfig>,
  isWhole: boolean,
): Reduction {
  const services = isWhole ? answer : new Map([...(state.config.services ?? []), ...answer]);
  const seen = new Set(state.config.known);
  for (const { files } of services.values()) for (const file of files) seen.add(configKey(file));
  const known = seen.size === state.config.known.length ? state.config.known : [...seen];
  const next = withConfig(state, { services, known });
  const { screen } = currentView(next);
  if (screen.name !== 'config-file') return become(next);
  // Somebody has saved another version of what is looked at.
  const newest = configFile(next, screen.file)?.versionId;
  return newest === next.config.versions?.list[0]?.versionId
    ? become(next)
    : become(next, { type: 'config', effect: { type: 'load-config-versions', file: screen.file } });
}

export function withText(state: CockpitState, versionId: number, text: ConfigText): CockpitState {
  const texts = [...state.config.texts].filter(([id]) => id !== versionId).slice(1 - KEPT_TEXTS);
  return withConfig(state, { texts: new Map([...texts, [versionId, text]]) });
}

const versionWords = (t: Translate, version: number): string =>
  version === 0 ? t('nothing') : t('version {version}', { version });

function compared(
  state: CockpitState,
  { file, from, to, save }: ConfigCentreAction & { type: 'config-compared' },
): CockpitState {
  const { t } = state;
  const { screen } = currentView(state);
  if (screen.name !== 'config-diff') return state;
  const lines = diffOf(from.text, to.text);
  if (save !== null && lines.length === 0) {
    const closed = { ...state, views: state.views.slice(0, -1) };
    return withToast(closed, 'accent', t('{name} says the same already: nothing to save', file));
  }
  const words = { from: versionWords(t, from.version), to: versionWords(t, to.version) };
  return withConfig(state, { diff: { file, ...words, lines, save } });
}

function diffOf(from: string, to: string): string[] {
  return from === to ? [] : diffLines(linesOf(from), linesOf(to));
}

/** A newline at the end ends a line and begins none; where it is missing, that is a difference to be seen. */
function linesOf(text: string): string[] {
  if (text === '') return [];
  return text.endsWith('\n')
    ? text.slice(0, -1).split('\n')
    : [...text.split('\n'), '\\ No newline at end of file'];
}

function edited(
  state: CockpitState,
  { file, base, before, text }: ConfigCentreAction & { type: 'config-edited' },
): CockpitState {
  const drafts = new Map(state.config.drafts);
  drafts.delete(configKey(file));
  const isKept = text === before && before !== base.text;
  if (text === base.text || (text === before && !isKept)) {
    const next = withConfig(state, { drafts });
    return withToast(next, 'accent', state.t('{name} is as it was: nothing to save', file));
  }
  drafts.set(configKey(file), text);
  const save = { kind: 'text', text, baseVersion: base.version } as const;
  const { t } = state;
  const words = { from: versionWords(t, base.version), to: t('what you wrote') };
  const diff: ConfigDiff = { file, ...words, lines: diffOf(base.text, text), save };
  const below = state.views.filter(({ screen }) => screen.name !== 'config-diff');
  return pushView(withConfig({ ...state, views: below }, { drafts, diff }), viewOf({ name: 'config-diff' }));
}

function saved(
  state: CockpitState,
  { version, isChanged, publish }: ConfigCentreAction & { type: 'config-saved' },
): Reduction {
  const drafts = new Map(state.config.drafts);
  drafts.delete(configKey(version));
  const views = state.views.filter(({ screen }) => screen.name !== 'config-diff');
  const form = state.form?.purpose.kind === 'config-save' ? null : state.form;
  const next = withConfig(
    { ...state, form, views: views.length === 0 ? state.views : views },
    { drafts, diff: null },
  );
  const effects = [
    { type: 'config', effect: { type: 'load-config', serviceNames: [version.serviceName] } },
  ] as const;
  const { t } = state;
  const said = !isChanged
    ? t('{name} says the same already, version {version}', version)
    : version.isRemoval
      ? t('{name} removed with version {version}', version)
      : t('{name} saved as version {version}', version);
  if (publish !== null)
    return become(withToast(next, 'ok', said), ...effects, {
      type: 'config',
      effect: { type: 'plan-config', request: publish },
    });
  const unpublishedWords = t('; no instance has it before it is published (p)');
  return become(withToast(next, 'ok', said + unpublishedWords), ...effects);
}

/** What was written is kept, and the form says what is wrong with it. */
function notSaved(state: CockpitState, file: ConfigFileKey, error: WireError): CockpitState {
  const { t } = state;
  const isOpen = state.form?.purpose.kind === 'config-save';
  if (error.code === 'timeout')
    return withUnanswered({ ...state, form: null }, t('Saving {name}', file), howLost(error));
  if (!isOpen) return withError(state, t('{name} is not saved', file), error);
  const problem = t('Not saved: {why}', { why: whyAndHint(t, error) });
  return withForm(state, { problem, isSending: false });
}

/** In the form that asked, where it is still open. */
function failed(state: CockpitState, what: Word, error: WireError): CockpitState {
  const { t } = state;
  if (state.form?.purpose.kind !== 'config-publish') return withError(state, t(what), error);
  return withForm(state, { problem: t(what) + t(': ') + whyAndHint(t, error) });
}

/** The master has said what a publication would do: now it is asked about. */
function planned(
  state: CockpitState,
  request: PublishRequest,
  effects: (ConfigCentreAction & { type: 'config-planned' })['effects'],
): Reduction {
  const service = state.config.services?.get(request.serviceName);
  const files = service === undefined ? [] : unpublished(service);
  const hit = effects.filter(({ effect }) => effect !== 'unchanged').map(({ instanceId }) => instanceId);
  if (hit.length === 0 && files.length === 0) {
    const text = state.t(
      'Nothing to publish: all instances of {serviceName} are to have what is newest',
      request,
    );
    return become(withToast({ ...state, form: null }, 'accent', text));
  }
  return propose(state, { kind: 'publish-config', request, effects }, hit);
}

/** The lists are looked at again when something of them changed. */
export function staleConfig(state: CockpitState, events: readonly SgridEvent[]): readonly string[] {
  if (state.config.services === null) return [];
  const names = events.flatMap(({ kind, message, serviceId, instanceId }) => {
    const isOfConfig = kind.startsWith('config.') || (kind === 'command' && message.includes(' config '));
    if (!isOfConfig) return [];
    const own = instanceId === null ? undefined : state.fleet.instances.get(instanceId)?.serviceName;
    const service = state.catalog.services?.find((each) => each.serviceId === serviceId)?.name;
    return own ?? service ?? [];
  });
  return [...new Set(names)];
}
