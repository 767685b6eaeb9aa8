import { plainText } from '../format/plain-text.ts';
import { wrapWords } from '../format/width.ts';
import type { CockpitState } from '../store/state.ts';
import type { Line } from './line.ts';

/** Settings of keys that do not hold; above the keys of the help, since those are not what the user has written. */
export function keyProblemLines({ t, keyProblems, size }: CockpitState): Line[] {
  if (keyProblems.length === 0) return [];
  const texts = keyProblems.flatMap((problem) => wrapWords(plainText(problem), size.columns - 4));
  return [
    { segments: [{ text: ` ${t('Keys of your own that do not hold')}`, tone: 'title' }] },
    ...texts.map((text): Line => ({ segments: [{ text: `  ${text}`, tone: 'bad' }] })),
    { segments: [] },
  ];
}
