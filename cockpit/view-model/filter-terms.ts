/** What the word behind a flag is: a regular expression, or letters in their order (as in k9s). */
const FLAGS = { '-r': 'pattern', '-f': 'fuzzy' } as const;

/** One word of a filter: `web`, `!web`, `"two words"`, `state:running`, `-r web.*`, `-f wb`. */
export interface FilterTerm {
  readonly isInverse: boolean;
  readonly kind: 'text' | (typeof FLAGS)[keyof typeof FLAGS];
  /** What stands before a colon outside of quotes; null where there is none. */
  readonly key: string | null;
  readonly value: string;
}

interface Word {
  readonly text: string;
  /** Place of the first colon outside of quotes, or -1. */
  readonly colon: number;
  readonly isQuoted: boolean;
}

/** Splits at spaces outside of double quotes. A quote that is still open ends with the text: somebody is typing. */
function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  let word = '';
  let colon = -1;
  let isQuoted = false;
  let isOpen = false;
  const end = (): void => {
    if (word !== '' || isQuoted) words.push({ text: word, colon, isQuoted });
    word = '';
    colon = -1;
    isQuoted = false;
  };
  for (const character of text) {
    if (character === '"') {
      isOpen = !isOpen;
      isQuoted = true;
    } else if (character === ' ' && !isOpen) {
      end();
    } else {
      if (character === ':' && !isOpen && colon < 0) colon = word.length;
      word += character;
    }
  }
  end();
  return words;
}

/** The terms of a filter, all of which a row must meet. */
export function filterTerms(text: string): FilterTerm[] {
  const terms: FilterTerm[] = [];
  let flagged: Pick<FilterTerm, 'isInverse' | 'kind'> | null = null;
  for (const { text: word, colon, isQuoted } of wordsOf(text)) {
    if (flagged !== null) {
      terms.push({ ...flagged, key: null, value: word });
      flagged = null;
      continue;
    }
    const isInverse = word.startsWith('!') && (!isQuoted || colon >= 0);
    const rest = isInverse ? word.slice(1) : word;
    if ((rest === '-r' || rest === '-f') && !isQuoted) {
      flagged = { isInverse, kind: FLAGS[rest] };
      continue;
    }
    const at = colon < 0 ? -1 : colon - (isInverse ? 1 : 0);
    const key = at > 0 ? rest.slice(0, at).toLowerCase() : null;
    terms.push({ isInverse, kind: 'text', key, value: key === null ? rest : rest.slice(at + 1) });
  }
  return terms.filter(({ value }) => value !== '');
}
