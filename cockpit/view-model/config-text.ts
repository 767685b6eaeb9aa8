import { maskSecrets } from '../format/mask-secrets.ts';
import { plainText } from '../format/plain-text.ts';
import { wrapSegments } from '../format/segments.ts';
import type { Translate } from '../language/translate.ts';
import type { ConfigText } from '../store/config-state.ts';
import { selectedConfigVersion } from '../store/config-targets.ts';
import type { CockpitState } from '../store/state.ts';
import { currentView } from '../store/views.ts';
import { lineOf } from './columns.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line, Segment } from './line.ts';

const NAMED_SECRET = /(\$\{secret:[^}]*\})/;

/** What stands in a file, line by line with numbers, since whoever checks a syntax names those. */
export function textLines(t: Translate, text: ConfigText | undefined, columns: number): Line[] {
  if (text === undefined || text === 'loading') return [textLine(t('Loading the text ...'), 'dim')];
  if ('problem' in text) return [textLine(plainText(t.told(text.problem)), 'bad')];
  if (text.text === '') return [textLine(t('The file is empty.'), 'dim')];
  const lines = text.text.replace(/\n$/, '').split('\n');
  const width = String(lines.length).length;
  return lines.flatMap((line, at) => {
    const shown = plainText(maskSecrets(line.replaceAll('\t', '    ')));
    const segments = shown
      .split(NAMED_SECRET)
      .map((part, odd): Segment => ({ text: part, tone: odd % 2 === 1 ? 'accent' : 'plain' }));
    return wrapSegments(segments, Math.max(10, columns - width - 3)).map((row, first): Line => {
      const number = first === 0 ? String(at + 1) : '';
      return { segments: [{ text: ` ${number.padStart(width)}  `, tone: 'dim' }, ...row] };
    });
  });
}

/** Below the versions: what the one under the cursor says, as far as there is room. */
export function previewLines(state: CockpitState, rows: number): Line[] {
  const version = selectedConfigVersion(state);
  if (version === undefined || rows < 2) return [];
  const { t } = state;
  const { columns } = state.size;
  const title: Segment[] = [
    { text: ` ${t('version {version}', version)}`, tone: 'title' },
    { text: version.message === '' ? '' : `  ${plainText(version.message)}`, tone: 'dim' },
  ];
  if (version.isRemoval)
    return [BLANK, lineOf(title, columns), textLine(t('From here on there is no such file.'), 'warn')];
  const lines = textLines(t, state.config.texts.get(version.versionId), columns);
  const room = rows - 2;
  const isWhole = lines.length <= room;
  const shown = isWhole ? lines : lines.slice(0, room - 1);
  const more = textLine(
    t('{lines}; enter shows all', { lines: t.count(lines.length - shown.length, 'more line') }),
    'dim',
  );
  return [BLANK, lineOf(title, columns), ...shown, ...(isWhole ? [] : [more])];
}

/** One version as a whole page. */
export function configTextLines(state: CockpitState): Line[] {
  const { screen } = currentView(state);
  if (screen.name !== 'config-text') return [];
  return textLines(state.t, state.config.texts.get(screen.versionId), state.size.columns);
}

/** Two versions of a file, as diff(1) -u marks them. */
export function configDiffLines({ config: { diff }, size, t }: CockpitState): Line[] {
  if (diff === null) return [BLANK, textLine(t('Comparing ...'), 'dim')];
  const { file, from, to, lines, save } = diff;
  const head = [
    textLine(
      t('{file} of {whom}: {from} -> {to}', { file: file.name, whom: file.serviceName, from, to }),
      'title',
    ),
    ...(save === null ? [] : [textLine(t('Nothing is saved yet: enter goes on, e edits it again.'), 'dim')]),
    BLANK,
  ];
  if (lines.length === 0) return [...head, textLine(t('Both say the same.'), 'dim')];
  return [
    ...head,
    ...lines.flatMap((line) => {
      const shown = plainText(maskSecrets(line.replaceAll('\t', '    ')));
      const tone = line.startsWith('+') ? 'ok' : line.startsWith('-') ? 'bad' : 'dim';
      return wrapSegments([{ text: ` ${shown}`, tone }], size.columns).map((segments) => ({ segments }));
    }),
  ];
}
