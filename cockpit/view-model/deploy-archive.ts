import { plainText } from '../format/plain-text.ts';
import { formatBytes } from '../format/quantity.ts';
import { formatSpan } from '../format/time.ts';
import { fitText } from '../format/width.ts';
import type { Word } from '../language/translate.ts';
import type { ArchiveForm, CockpitState, DeployState } from '../store/state.ts';
import { BLANK, type Block, textLine } from './dialog.ts';
import type { Line, Segment } from './line.ts';
import { fieldSegments } from './status.ts';

type FieldName = ArchiveForm['focus'];

const LABELS: Readonly<Record<FieldName, Word>> = {
  path: 'Archive',
  version: 'Version',
  message: 'Message',
};
const ABOUT: Readonly<Record<FieldName, Word>> = {
  path: 'path of a tar archive on this machine; tab completes it',
  version: 'a label without spaces, for example 1.4.2',
  message: 'what is new in it; may be left empty',
};
const PROPOSED: Word = 'proposed: what is typed takes its place';
const LABEL_WIDTH = 10;

/** The form for uploading a local archive as a new release. */
export function archiveBlocks(state: CockpitState, deploy: DeployState, rows: number): Block[] {
  const { t } = state;
  const form = deploy.archive;
  const width = state.size.columns - LABEL_WIDTH - 6;
  const lines: Line[] = [];
  for (const name of ['path', 'version', 'message'] as const) {
    const isFocused = form.focus === name;
    const label: Segment = {
      text: `${isFocused ? ' > ' : '   '}${fitText(t(LABELS[name]), LABEL_WIDTH)}`,
      tone: isFocused ? 'strong' : 'label',
    };
    lines.push({ segments: [label, ...fieldSegments(form[name], width, isFocused)] });
    const about = form[name].isProposed === true ? PROPOSED : ABOUT[name];
    if (rows > 12) lines.push(textLine(`  ${' '.repeat(LABEL_WIDTH)}${t(about)}`, 'dim'), BLANK);
  }
  if (form.problem !== '') lines.push(textLine(`  ${form.problem}`, 'warn'));
  const room = Math.max(0, rows - lines.length - 1);
  const listed = form.completions.slice(0, room);
  for (const completion of listed) lines.push(textLine(`    ${plainText(completion)}`, 'dim'));
  if (listed.length < form.completions.length) {
    const count = form.completions.length - listed.length;
    lines.push(textLine(t('    and {count} more', { count }), 'dim'));
  }
  return [{ kind: 'lines', lines }];
}

export function uploadBlocks(state: CockpitState, deploy: DeployState): Block[] {
  const { t } = state;
  const { upload, archive } = deploy;
  if (upload === null) return [];
  const file: Block = {
    kind: 'lines',
    lines: [
      textLine(
        t('Uploading {file} as {version}', {
          file: plainText(archive.path.text),
          version: archive.version.text,
        }),
      ),
      BLANK,
    ],
  };
  const spent = formatSpan(state.now - upload.startedAt);
  if (upload.totalBytes === null)
    return [file, { kind: 'busy', text: t('Reading the archive ... {spent}', { spent }) }];
  const percent = upload.totalBytes === 0 ? 100 : Math.floor((100 * upload.sentBytes) / upload.totalBytes);
  const isSent = upload.sentBytes >= upload.totalBytes;
  return [
    file,
    {
      kind: 'progress',
      percent,
      text: t('{part} of {total}', {
        part: formatBytes(upload.sentBytes),
        total: formatBytes(upload.totalBytes),
      }),
    },
    {
      kind: 'busy',
      text: isSent
        ? t('The master is checking it ... {spent}', { spent })
        : t('Sending ... {spent}', { spent }),
    },
  ];
}
