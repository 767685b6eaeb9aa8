import { coreWords } from '../format/limit-words.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes, formatCpuPercent } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { displayWidth, fitText, splitGraphemes, wrapWords } from '../format/width.ts';
import type { Translate } from '../language/translate.ts';
import type { Form, FormField, KnownUse } from '../store/form.ts';
import { limitsOf } from '../store/form-limits.ts';
import { placesOf } from '../store/form-scale.ts';
import { replacedSecret } from '../store/form-secret.ts';
import type { CockpitState, TextField } from '../store/state.ts';
import { configPublishLines, configSaveLines } from './config-publish.ts';
import { BLANK, type Block, textLine } from './dialog.ts';
import type { Line, Segment } from './line.ts';
import { fieldSegments } from './status.ts';

const MIN_FIELD = 12;

/** A form: its fields around the one under edit, what is wrong, and what it would come to. */
export function formBlocks(state: CockpitState, form: Form, rows: number): Block[] {
  const { columns } = state.size;
  const preview = previewLines(state, form);
  const problem =
    form.problem === ''
      ? []
      : wrapWords(plainText(form.problem), columns - 2).map((line) => textLine(line, 'bad'));
  const room = Math.max(1, rows - 3 - preview.length - problem.length);
  const first = Math.max(0, Math.min(form.fields.length - room, form.focus - Math.floor(room / 2)));
  const helpWidth = Math.max(...form.fields.map(({ help }) => displayWidth(help)));
  const labelWidth = Math.min(24, Math.max(...form.fields.map(({ label }) => displayWidth(label)))) + 2;
  const width = Math.max(MIN_FIELD, Math.min(30, columns - labelWidth - helpWidth - 5));
  const fields = form.fields
    .slice(first, first + room)
    .map((field, at) => fieldLine(state.t, field, first + at === form.focus, labelWidth, width));
  return [
    {
      kind: 'lines',
      lines: [textLine(form.title, 'title'), BLANK, ...fields, BLANK, ...preview, ...problem],
    },
  ];
}

/** As many stars as it has characters: that something was typed or pasted is to be seen, and nothing else. */
function maskedField({ text, cursor }: TextField): TextField {
  const stars = (of: string): string => '*'.repeat(splitGraphemes(of).length);
  const before = stars(text.slice(0, cursor));
  return { text: before + stars(text.slice(cursor)), cursor: before.length };
}

function fieldLine(
  t: Translate,
  { label, field, choices, help, isMasked }: FormField,
  isFocused: boolean,
  labelWidth: number,
  width: number,
): Line {
  const value: Segment[] =
    choices === undefined
      ? fieldSegments(isMasked === true ? maskedField(field) : field, width, isFocused)
      : choices.flatMap((choice): Segment[] => [
          choice === field.text
            ? { text: `[${t.known(choice)}]`, tone: isFocused ? 'accent' : 'strong' }
            : { text: ` ${t.known(choice)} `, tone: 'dim' },
          { text: ' ' },
        ]);
  const used = value.reduce((sum, { text }) => sum + displayWidth(text), 0);
  return {
    segments: [
      { text: isFocused ? ' > ' : '   ', tone: 'key' },
      { text: fitText(label, labelWidth), tone: isFocused ? 'strong' : 'label' },
      ...value,
      { text: ' '.repeat(Math.max(1, width + 1 - used)) },
      { text: help, tone: 'dim' },
    ],
  };
}

/** What the fields come to as they are. */
function previewLines(state: CockpitState, form: Form): Line[] {
  const { purpose } = form;
  const { t } = state;
  switch (purpose.kind) {
    case 'limits':
      return limitPreview(t, form, purpose.use);
    case 'scale': {
      const places = placesOf(state, form);
      // What was handed in as it is has been refused with the same words.
      if (typeof places === 'string') return places === form.problem ? [] : [textLine(places, 'warn')];
      const ports = places.map(({ nodeId, port }) => {
        const label = form.fields.find(({ key }) => key === String(nodeId))?.label ?? '';
        return port === null ? label : `${label}:${port}`;
      });
      if (ports.length === 0) return [textLine(t('Adds none'))];
      const more = ports.length > 6 ? t(' and {count} more', { count: ports.length - 6 }) : '';
      const adds = textLine(t('Adds {ports}', { ports: ports.slice(0, 6).join(', ') }) + more);
      return places.some(({ port }) => port === null)
        ? [adds, textLine(t('port: next free of the plan'))]
        : [adds];
    }
    case 'resolve':
      return [
        textLine(t('ended: you have seen that its process is gone; nothing is signalled.')),
        textLine(t('kill:  what is left in its group is killed, then it counts as ended.')),
      ];
    case 'secret': {
      const known = replacedSecret(state, form);
      const now = state.now + state.fleet.masterOffsetMs;
      return known === undefined
        ? []
        : [
            textLine(
              t('It is there: version {version}, {span} ago by {actor}; this one takes its place.', {
                version: known.version,
                span: formatSpan(now - known.at),
                actor: plainText(known.actor),
              }),
              'warn',
            ),
          ];
    }
    case 'config-save':
      return configSaveLines(t, form);
    case 'config-publish':
      return configPublishLines(state, purpose.serviceName);
    default:
      return [];
  }
}

const MIB = 1024 * 1024;

/** The limits beside what was used: what is below that will be felt. */
function limitPreview(t: Translate, form: Form, use: KnownUse | null): Line[] {
  if (use === null) return [textLine(t('Looking what they use ...'), 'dim')];
  if (use.seconds === 0)
    return [textLine(t('Nothing is known of their use: they have not run of late.'), 'dim')];
  const limits = limitsOf(t, form);
  const { cpuCores, memoryMiB } = typeof limits === 'string' ? {} : limits;
  const lines = [
    textLine(
      t('Used of late (95th percentile of {seconds} s, the greatest of them):', { seconds: use.seconds }),
      'label',
    ),
  ];
  const { cpuMillicores, memoryBytes } = use;
  if (cpuMillicores !== null) {
    const text = t('  CPU    {percent}% of a core', { percent: formatCpuPercent(cpuMillicores) });
    const words = coreWords(cpuCores ?? 0, t);
    const limit = cpuCores && cpuCores * 1000;
    lines.push(compared(t, text, cpuMillicores, limit, words, t('throttled')));
  }
  if (memoryBytes !== null) {
    const text = t('  Memory {bytes}', { bytes: formatBytes(memoryBytes) });
    const limitBytes = memoryMiB === undefined ? undefined : memoryMiB * MIB;
    const words = formatBytes(limitBytes ?? 0);
    lines.push(compared(t, text, memoryBytes, limitBytes, words, t('OOM-killed')));
  }
  return lines;
}

const NEAR = 0.9;

function compared(
  t: Translate,
  text: string,
  used: number,
  limit: number | undefined,
  words: string,
  fate: string,
): Line {
  if (limit === undefined) return textLine(text + t(', no limit'));
  const share = limit === 0 ? Number.POSITIVE_INFINITY : used / limit;
  const percent = text + t(': {percent}% of {limit}', { percent: Math.round(share * 100), limit: words });
  if (share >= 1) return textLine(percent + t(', it will be {fate}', { fate }), 'bad');
  return share >= NEAR ? textLine(percent + t(', hardly any room'), 'warn') : textLine(percent, 'ok');
}
