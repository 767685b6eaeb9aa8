import { plainText } from '../format/plain-text.ts';
import type { Translate } from '../language/translate.ts';
import type { Secret } from '../store/change.ts';
import { BLANK, type Block, textLine } from './dialog.ts';

/** The secret of a token, once. */
export function secretBlocks(t: Translate, { name, secret }: Secret, columns: number): Block[] {
  const room = Math.max(1, columns - 4);
  const pieces = secret.match(new RegExp(`.{1,${room}}`, 'g')) ?? [];
  return [
    {
      kind: 'alert',
      variant: 'success',
      text: t('The secret of {name}: it is shown now, and never again', { name: plainText(name) }),
    },
    {
      kind: 'lines',
      lines: [
        BLANK,
        ...pieces.map((piece) => textLine(plainText(piece), 'strong')),
        BLANK,
        textLine(
          t('Put it into a file that only its user can read, and name that with --token-file.'),
          'dim',
        ),
      ],
    },
  ];
}
