import type { ConfigFile } from '../../common/domain/config-file.ts';
import { plainText } from '../format/plain-text.ts';
import { count } from '../format/quantity.ts';
import { wrapWords } from '../format/width.ts';
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
  if (files.length === 0) return [textLine('No file differs from what was published last.', 'dim')];
  return files.map((file) => textLine(fileWords(state, file), 'strong'));
}

function fileWords(state: CockpitState, file: ConfigFile): string {
  const { name, version, publishedVersion, isRemoval, message, actor } = file;
  const own = file.instanceId === null ? '' : ` (only ${targetWords(state, file)})`;
  const from = publishedVersion === null ? 'new' : `version ${publishedVersion}`;
  const to = isRemoval ? 'removed' : `version ${version}`;
  const why = message === '' ? '' : `: ${plainText(message)}`;
  return `${name}${own}  ${from} -> ${to}, by ${plainText(actor)}${why}`;
}

/** In the question: which files, and what follows on whom. */
export function publishLines(
  state: CockpitState,
  { request, effects }: Change & { kind: 'publish-config' },
): Line[] {
  const amount = (wanted: string): number => effects.filter(({ effect }) => effect === wanted).length;
  const same = amount('unchanged');
  const rest = same === 0 ? '' : `; ${count(same, 'instance')} have what is newest already`;
  const { action } = request;
  const follows =
    action.kind === 'nothing'
      ? 'Programs read them when they like, and at their next start'
      : action.kind === 'signal'
        ? `${action.signal} follows, to the main process of each`
        : 'A rolling restart follows: one after another, each waited for until it is up, halting at one that is not';
  return [
    ...fileLines(state, request.serviceName),
    ...wrapWords(`${follows}${rest}.`, state.size.columns - 2).map((line) => textLine(line)),
    ...(request.instanceIds === null
      ? []
      : [textLine('Only to those named; instances of later days do not get it.', 'dim')]),
  ];
}

/** In the form: what would go out. */
export function configPublishLines(state: CockpitState, serviceName: string): Line[] {
  return [
    textLine('It takes the newest of every file:', 'label'),
    ...fileLines(state, serviceName).slice(0, 8),
  ];
}

export function configSaveLines(form: Form): Line[] {
  if (form.isSending === true) return [textLine('Saving ...', 'dim')];
  if (textOf(form, 'publish') === 'no')
    return [textLine('It becomes a version on the master and reaches no instance.', 'dim')];
  return [textLine('It is saved, then you see whom publishing it hits, and say yes or no to that.', 'dim')];
}
