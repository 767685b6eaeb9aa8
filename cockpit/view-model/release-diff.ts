import type { PackageEntry } from '../../common/domain/release.ts';
import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatDate } from '../format/time.ts';
import type { Translate } from '../language/translate.ts';
import type { CockpitState, ReleaseDiff } from '../store/state.ts';
import { BLANK, textLine } from './dialog.ts';
import type { Line } from './line.ts';

/** How two releases differ, file by file. */
export function releaseDiffLines({ catalog: { releaseDiff }, t }: CockpitState): Line[] {
  if (releaseDiff === null) return [BLANK, textLine(t('The master compares the packages ...'), 'dim')];
  const { from, to, diff } = releaseDiff;
  const { added, removed, changed, unchanged } = diff.counts;
  const nothing = added + removed + changed === 0;
  return [
    textLine(`${from.serviceName}${t(': ')}${from.version} -> ${to.version}`, 'title'),
    ...[from, to].map((release) =>
      textLine(
        t('{version}  {at} by {actor}, {size}  {message}', {
          version: release.version,
          at: formatDate(release.uploadedAt),
          actor: plainText(release.uploadedBy),
          size: formatBytes(release.sizeBytes),
          message: plainText(release.message),
        }),
        'dim',
      ),
    ),
    BLANK,
    textLine(
      nothing
        ? t('Both hold the same: {unchanged} files', { unchanged })
        : t('{added} added, {removed} removed, {changed} changed, {unchanged} the same', diff.counts),
      'strong',
    ),
    ...fileLines(t, diff),
  ];
}

function fileLines(t: Translate, { added, removed, changed, counts }: ReleaseDiff['diff']): Line[] {
  const size = ({ sizeBytes, mode }: PackageEntry): string =>
    `${formatBytes(sizeBytes).padStart(5)}${mode === null ? t(' link') : ` ${mode.toString(8).padStart(4, '0')}`}`;
  const lines = [
    ...changed.map(({ path, from, to }) => ({
      path,
      line: textLine(`~ ${plainText(path)}  ${size(from).trim()} -> ${size(to).trim()}`, 'warn'),
    })),
    ...added.map((entry) => ({
      path: entry.path,
      line: textLine(`+ ${plainText(entry.path)}  ${size(entry).trim()}`, 'ok'),
    })),
    ...removed.map((entry) => ({
      path: entry.path,
      line: textLine(`- ${plainText(entry.path)}  ${size(entry).trim()}`, 'bad'),
    })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
  const left = counts.added + counts.removed + counts.changed - lines.length;
  return [
    ...lines.map(({ line }) => line),
    ...(left > 0 ? [textLine(t('and {left} more, which the master does not tell', { left }), 'dim')] : []),
  ];
}
