/** The texts of all tags `said` in a source without comments, as readers are given them: with numbered places. */
export function saidTextsIn(code: string): string[] {
  return [...code.matchAll(/\bsaid`/g)].map(({ index }) => textAt(code, index + 'said`'.length));
}

function textAt(code: string, start: number): string {
  let text = '';
  let places = 0;
  for (let at = start; code[at] !== '`' && at < code.length; at++) {
    if (code[at] === '\\') {
      at += 1;
      text += code[at];
    } else if (code.startsWith('${', at)) {
      at = endOfPlace(code, at + 2);
      text += `{${places}}`;
      places += 1;
    } else text += code[at];
  }
  return text;
}

/** Where the brace is that closes what began at `start`; there may be others within. */
function endOfPlace(code: string, start: number): number {
  let depth = 1;
  let at = start;
  for (; depth > 0 && at < code.length; at++) {
    if (code[at] === '{') depth += 1;
    if (code[at] === '}') depth -= 1;
  }
  return at - 1;
}
