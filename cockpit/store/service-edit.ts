import { type ServiceSpec, serviceSpecSchema, specProblems } from '../../common/domain/service.ts';
import type { WireError } from '../../common/protocol/errors.ts';
import { diffLines } from '../format/diff-lines.ts';
import type { Translate, Word } from '../language/translate.ts';
import { propose } from './proposal.ts';
import { become, type Reduction } from './reduction.ts';
import type { CockpitState } from './state.ts';
import { refusedChange, refusedServices, selectedService } from './targets.ts';
import { withToast } from './toasts.ts';
import { unselected } from './unselected.ts';

const COMMENT = '// ';
const HEADER: readonly Word[] = [
  'Settings and environment of a service. Save and leave to see what changes before it does; leave it as it is',
  'to change nothing. Lines that begin with // are left out.',
];

/** The specification of the selected service in the user's editor. */
export function editService(state: CockpitState): Reduction {
  const refused = refusedChange(state);
  if (refused !== null) return become(refused);
  const several = refusedServices(state);
  if (several !== null) return become(several);
  const selected = selectedService(state);
  const service = state.catalog.services?.find(({ serviceId }) => serviceId === selected?.serviceId);
  if (service === undefined)
    return become(unselected(state, 'Select a service, or an instance of it, to edit its settings first'));
  const text = textOf(
    serviceSpecSchema.parse(service),
    HEADER.map((line) => state.t(line)),
  );
  return become(state, { type: 'edit-text', serviceName: service.name, text });
}

export function textOf(spec: ServiceSpec, comments: readonly string[]): string {
  return `${comments.map((line) => `${COMMENT}${line}\n`).join('')}${JSON.stringify(spec, null, 2)}\n`;
}

/** The editor ended. What cannot be understood goes back into it, with what is wrong above; the same twice is a no. */
export function serviceEdited(
  state: CockpitState,
  edited: { readonly serviceName: string; readonly before: string; readonly text: string },
): Reduction {
  const { t } = state;
  const { serviceName, before, text } = edited;
  const unchanged = (): Reduction =>
    become(withToast(state, 'accent', t('Settings of {serviceName} are as they were', { serviceName })));
  if (text === before) return unchanged();
  const spec = specIn(t, text, serviceName);
  if (Array.isArray(spec)) return editAgain(state, serviceName, text, spec);
  const known = state.catalog.services?.find(({ name }) => name === serviceName);
  if (known === undefined)
    return become(withToast(state, 'warn', t('{serviceName} is gone: nothing is changed', { serviceName })));
  const present = JSON.stringify(serviceSpecSchema.parse(known), null, 2);
  if (JSON.stringify(spec, null, 2) === present) return unchanged();
  return become(state, { type: 'plan-service', spec, before: present, text });
}

export function serviceRefused(
  state: CockpitState,
  serviceName: string,
  text: string,
  error: WireError,
): Reduction {
  const { t } = state;
  if (error.code === 'timeout' || error.code === 'disconnected')
    return become(
      withToast(
        state,
        'bad',
        t('Nothing changed of {serviceName}: {why}', { serviceName, why: t.why(error) }),
      ),
    );
  return editAgain(state, serviceName, text, [t.why(error), ...[t.hint(error) ?? []].flat()]);
}

function editAgain(
  state: CockpitState,
  serviceName: string,
  text: string,
  problems: readonly string[],
): Reduction {
  const body = withoutComments(text);
  const { t } = state;
  const comments = [
    ...HEADER.map((line) => t(line)),
    '',
    ...problems.map((problem) => t('WRONG: {problem}', { problem })),
  ];
  const again = `${comments.map((line) => `${COMMENT}${line}`.trimEnd()).join('\n')}\n${body}`;
  return become(state, { type: 'edit-text', serviceName, text: again });
}

function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('//'))
    .join('\n');
}

/** The specification in a text, or what is wrong with it, line by line. */
function specIn(t: Translate, text: string, serviceName: string): ServiceSpec | string[] {
  let raw: unknown;
  try {
    raw = JSON.parse(withoutComments(text));
  } catch (error) {
    return [t('this is no JSON: {why}', { why: error instanceof Error ? error.message : String(error) })];
  }
  const parsed = serviceSpecSchema.strict().safeParse(raw);
  if (!parsed.success)
    return parsed.error.issues.map(
      ({ path, message }) => `${path.join('.') || t('the whole')}${t(': ')}${t.known(message)}`,
    );
  if (parsed.data.name !== serviceName)
    return [t('name: a service cannot be renamed, it is "{serviceName}"', { serviceName })];
  const problems = specProblems(parsed.data);
  return problems.length > 0 ? problems.map(t.told) : parsed.data;
}

export function servicePlanned(
  state: CockpitState,
  spec: ServiceSpec,
  before: string,
  effects: readonly { readonly instanceId: number; readonly effect: 'restart' | 'live' }[],
): Reduction {
  const diff = diffLines(before.split('\n'), JSON.stringify(spec, null, 2).split('\n'));
  const restarted = effects.filter(({ effect }) => effect === 'restart').map(({ instanceId }) => instanceId);
  return propose(state, { kind: 'update-service', spec, diff, effects }, restarted);
}
