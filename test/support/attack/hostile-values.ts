/** Stands in a payload for a number that JSON can write and `JSON.stringify` does not: it is read as Infinity. */
export const INFINITE = '@infinite@';

const nested = (depth: number): unknown => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
const LONG = 'x'.repeat(20_000);

/** Names of files and directories that lead out of where they belong, or mean something to whom they are handed. */
export const TRAVERSALS: readonly string[] = [
  ...[
    '..',
    '../..',
    '../../etc/passwd',
    '/etc/passwd',
    './../x',
    'a/../../b',
    'a/..',
    '..\\..\\x',
    '//etc/passwd',
  ],
  ...[
    '~root/.ssh/authorized_keys',
    '%2e%2e%2fetc',
    '..%00/',
    '.\u0000./x',
    'a\u0000b',
    '\u2025/x',
    '..;/x',
    '.',
    '',
  ],
];

/** What a shell would act on. */
export const METACHARACTERS: readonly string[] = [
  ...[
    '$(id)',
    '`id`',
    '; id',
    '| id',
    '&& id',
    '|| id',
    '> /tmp/x',
    '< /etc/passwd',
    '$HOME',
    `\${IFS}id`,
    '*',
  ],
  ...[
    "'; id; '",
    '"; id; "',
    '\nid\n',
    '\rid',
    '$((1+1))',
    '!!',
    '-rf',
    '--help',
    '\\',
    '#',
    '\u0000',
    '\u001b[2J',
  ],
];

/** Of every type, at the ends of each, and what tends to break parsers. */
export const HOSTILE_VALUES: readonly unknown[] = [
  ...[null, true, false, '', 'text', [], {}, [[]], [null], [{}], { a: { b: {} } }],
  ...[0, -0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e300, 5e-324, INFINITE],
  ...[
    '0',
    '1e9',
    'NaN',
    'Infinity',
    '-1',
    'true',
    'null',
    'undefined',
    '[object Object]',
    '__proto__',
    'constructor',
  ],
  ...['\u0000', '\ud800', '\uffff', '\u202e', '🂡'.repeat(100), LONG],
  ...[
    Array.from({ length: 2_000 }, (_, at) => at),
    nested(1_000),
    { $ne: null },
    { length: -1 },
    { toJSON: 1 },
  ],
  ...[
    { _placeholder: true, num: 0 },
    { _placeholder: true, num: 1e9 },
    { type: 'Buffer', data: [1] },
  ],
  ...TRAVERSALS,
  ...METACHARACTERS,
];

/** Keys that reach the prototype of whoever copies them carelessly, and plain ones that nobody knows. */
export const HOSTILE_KEYS: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'then', 'valueOf'],
  ...['', ' ', 'x'.repeat(1_000), '$where', 'ok', 'error', '0'],
];
