import type { ConfigFile } from '../../common/domain/config-file.ts';
import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { Change } from '../store/change.ts';
import { unpublished } from '../store/config-state.ts';
import { type Form, textOf } from '../store/form.ts';
import { targetWords } from '../store/form-config.ts';
import type { CockpitState } from '../store/state.ts';
import { textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** What goes out with a publication: it takes the newest of all files, not only of the one that was looked at. */
function fileLines(state: CockpitState, serviceName: string): Line[] {
  const service = state.config.services?.get(serviceName);
  const files = service === undefined ? [] : unpublished(service);
  if (files.length === 0) return [textLine(state.t('No file differs from what was published last.'), 'dim')];
  return files.map((file) => textLine(fileWords(state, file), 'strong'));
}

function fileWords(state: CockpitState, file: ConfigFile): string {
  const { name, version, publishedVersion, isRemoval, message, actor } = file;
  const { t } = state;
  const own = file.instanceId === null ? '' : t(' (only {whom})', { whom: targetWords(state, file) });
  const from = publishedVersion === null ? t('new') : t('version {version}', { version: publishedVersion });
  const to = isRemoval ? t('removed') : t('version {version}', { version });
  const why = message === '' ? '' : t(': ') + plainText(message);
  const what = t('{what}, by {actor}', { what: `${from} -> ${to}`, actor: plainText(actor) });
  return `${name}${own}  ${what}${why}`;
}

/** In the question: which files, and what follows on whom. */
export function publishLines(
  state: CockpitState,
  { request, effects }: Change & { kind: 'publish-config' },
): Line[] {
  const amount = (wanted: string): number => effects.filter(({ effect }) => effect === wanted).length;
  const same = amount('unchanged');
  const { t } = state;
  const rest =
    same === 0
      ? ''
      : t('; {instances} have what is newest already', { instances: t.count(same, 'instance') });
  const { action } = request;
  const follows =
    action.kind === 'nothing'
      ? t('Programs read them when they like, and at their next start')
      : action.kind === 'signal'
        ? t('{signal} follows, to the main process of each', action)
        : t(
            'A rolling restart follows: one after another, each waited for until it is up, halting at one that is not',
          );
  return [
    ...fileLines(state, request.serviceName),
    ...wrapWords(follows + rest + t('.'), state.size.columns - 2).map((line) => textLine(line)),
    ...(request.instanceIds === null
      ? []
      : [textLine(t('Only to those named; instances of later days do not get it.'), 'dim')]),
  ];
}

/** In the form: what would go out. */
export function configPublishLines(state: CockpitState, serviceName: string): Line[] {
  return [
    textLine(state.t('It takes the newest of every file:'), 'label'),
    ...fileLines(state, serviceName).slice(0, 8),
  ];
}

export function configSaveLines(t: Translate, form: Form): Line[] {
  if (form.isSending === true) return [textLine(t('Saving ...'), 'dim')];
  if (textOf(form, 'publish') === 'no')
    return [textLine(t('It becomes a version on the master and reaches no instance.'), 'dim')];
  return [
    textLine(t('It is saved, then you see whom publishing it hits, and say yes or no to that.'), 'dim'),
  ];
}
