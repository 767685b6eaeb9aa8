/** What to look for. */
export interface SearchPattern {
  readonly pattern: string;
  readonly syntax: 'literal' | 'regex';
  readonly ignoreCase: boolean;
}

/** The first match in the bytes of a line, as places in it. */
export type FindInLine = (line: Buffer) => { start: number; end: number } | null;

/** @throws SyntaxError for what is no regular expression */
export function createFind(search: SearchPattern): FindInLine {
  return search.syntax === 'literal' && !search.ignoreCase
    ? createBytesFind(Buffer.from(search.pattern))
    : createRegexFind(compileRegex(search));
}

function createBytesFind(wanted: Buffer): FindInLine {
  return (line) => {
    const start = line.indexOf(wanted);
    return start === -1 ? null : { start, end: start + wanted.length };
  };
}

function createRegexFind(regex: RegExp): FindInLine {
  return (line) => {
    const text = line.toString('utf8');
    const match = regex.exec(text);
    if (match === null) return null;
    const start = Buffer.byteLength(text.slice(0, match.index));
    const end = start + Buffer.byteLength(match[0]);
    // Where bytes that are not UTF-8 were replaced, places in the text say nothing about places in the line.
    return Buffer.byteLength(text) === line.length ? { start, end } : { start: 0, end: line.length };
  };
}

/** ECMA-262 `SyntaxCharacter`. */
const SYNTAX_CHARACTERS = /[\^$\\.*+?()[\]{}|]/g;

function compileRegex({ pattern, syntax, ignoreCase }: SearchPattern): RegExp {
  if (syntax === 'literal') return new RegExp(pattern.replace(SYNTAX_CHARACTERS, '\\$&'), 'iu');
  return new RegExp(pattern, ignoreCase ? 'i' : '');
}
