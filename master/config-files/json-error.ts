const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*")|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/uy;

const SPACE = /[ \t\r\n]*/y;

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma';

/**
 * The offset of the first thing that does not belong into a JSON text (RFC 8259), which V8 tells only of some mistakes; the
 * length of a text that ends too early. Only for texts that `JSON.parse` has refused.
 */
export function findJsonError(text: string): number {
  // Of its own: where they go on is kept in them.
  const [tokens, spaces] = [new RegExp(TOKEN), new RegExp(SPACE)];
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    tokens.lastIndex = at;
    const match = tokens.exec(text);
    spaces.lastIndex = at;
    const begin = at + (spaces.exec(text)?.[0].length ?? 0);
    if (match === null) return begin;
    const [, mark, quoted] = match;
    const next = step(expected, open, mark ?? (quoted === undefined ? 'plain' : 'string'));
    if (next === null) return begin;
    expected = next;
    at = tokens.lastIndex;
  }
}

/** @returns what may follow; null when the token may not be there */
function step(expected: Expected, open: string[], token: string): Expected | null {
  if (expected === 'colon') return token === ':' ? 'value' : null;
  const closer = open.at(-1) === '{' ? '}' : ']';
  const mayClose = expected === 'comma' || expected.endsWith('-or-end');
  if (token === closer && open.length > 0 && mayClose) {
    open.pop();
    return 'comma';
  }
  if (expected === 'comma') {
    if (token !== ',' || open.length === 0) return null;
    return closer === '}' ? 'key' : 'value';
  }
  if (expected.startsWith('key')) return token === 'string' ? 'colon' : null;
  if (token === 'string' || token === 'plain') return 'comma';
  if (token !== '{' && token !== '[') return null;
  open.push(token);
  return token === '{' ? 'key-or-end' : 'value-or-end';
}
