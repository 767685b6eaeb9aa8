/** One word of a filter: `web`, `!web`, `"two words"`, `state:running`, `-r web.*`. */
export interface FilterTerm {
  readonly isInverse: boolean;
  readonly isPattern: boolean;
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
  let pattern: { isInverse: boolean } | null = null;
  for (const { text: word, colon, isQuoted } of wordsOf(text)) {
    if (pattern !== null) {
      terms.push({ ...pattern, isPattern: true, key: null, value: word });
      pattern = null;
      continue;
    }
    const isInverse = word.startsWith('!') && (!isQuoted || colon >= 0);
    const rest = isInverse ? word.slice(1) : word;
    if (rest === '-r' && !isQuoted) {
      pattern = { isInverse };
      continue;
    }
    const at = colon < 0 ? -1 : colon - (isInverse ? 1 : 0);
    const key = at > 0 ? rest.slice(0, at).toLowerCase() : null;
    terms.push({ isInverse, isPattern: false, key, value: key === null ? rest : rest.slice(at + 1) });
  }
  return terms.filter(({ value }) => value !== '');
}
