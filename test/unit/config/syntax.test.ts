import { expect, test } from 'vitest';
import { blankSecrets, fillSecrets, secretNamesOf } from '../../../common/domain/config-template.ts';
import { findSyntaxProblem } from '../../../master/config-files/syntax.ts';

test.each([
  ['a.json', '{"a": }', 1, 7],
  ['a.json', '{\n  "a": 1,\n}', 3, 1],
  ['a.json', '{"a": 1', 1, 8],
  ['a.json', '', 1, 1],
  ['a.json', '[1, 2,, 3]', 1, 7],
  ['a.json', '{"a" 1}', 1, 6],
  ['a.json', '{"a": "x\ny"}', 1, 7],
  ['a.json', '[1]\n x', 2, 2],
  ['a.json', '[01]', 1, 3],
  ['a.json', "{'a': 1}", 1, 2],
  ['a.json', '[}', 1, 2],
  ['dir/a.YAML', 'a: 1\nb: [1, 2\nc: 3\n', 3, 1],
  ['a.yml', 'a: 1\n\tb: 2\n', 2, 1],
  ['a.toml', 'a = 1\nb = \n', 2, 5],
  ['a.toml', 'a = 1\na = 2\n', 2, 1],
  ['a.properties', 'a=1\nb=\\u12x\n', 2, 3],
])('%s: %j is wrong at line %i, column %i', (name, text, line, column) => {
  expect(findSyntaxProblem(name, text)).toMatchObject({ line, column, reason: expect.stringMatching(/\S/) });
});

test.each([
  ['a.json', ' {"a": [1, -2.5e3, true, null, "\\u00e4\\n", {}, []]} \n'],
  ['a.yaml', '---\na: &x 1\nb: *x\n---\nc: !Thing {d: e}\n'],
  ['a.yaml', ''],
  ['a.toml', '[a.b]\nc = 1979-05-27T07:32:00Z\n'],
  ['a.properties', '# \\u comment\nkey value\nlong = a\\\n  b\nü = \\u00e4\n'],
  ['a.conf', '{{{'],
  ['json', '{'],
])('%s: %j is well', (name, text) => {
  expect(findSyntaxProblem(name, text)).toBeNull();
});

test('the place is the one that V8 tells, where it tells one', () => {
  const sound = '{"a": [1, {"b": "c"}], "d": true}';
  let compared = 0;
  for (let at = 0; at < sound.length; at++) {
    for (const put of [',', '}', ']', '{', '"', ':', ' ', '']) {
      const text = sound.slice(0, at) + put + sound.slice(at + 1);
      try {
        JSON.parse(text);
        expect(findSyntaxProblem('a.json', text)).toBeNull();
      } catch (error) {
        const told = /position (\d+)/.exec((error as Error).message)?.[1];
        const found = findSyntaxProblem('a.json', text);
        expect(found).not.toBeNull();
        // Of a string without an end V8 tells the end, and we the beginning.
        if (told === undefined || /string|control/i.test((error as Error).message)) continue;
        expect([text, found?.column]).toEqual([text, Number(told) + 1]);
        compared += 1;
      }
    }
  }
  expect(compared).toBeGreaterThan(50);
});

test('secrets are found, filled in as they are, and blanked without moving anything', () => {
  const text = `a=\${secret:one}, \${secret:two} $\${secret:not} \${other} \${secret:one}`;
  expect(secretNamesOf(text)).toEqual(['one', 'two']);
  const values: Record<string, string> = { one: '$1', two: '$&' };
  expect(fillSecrets(text, (name) => values[name] ?? '')).toBe(`a=$1, $& \${secret:not} \${other} $1`);
  expect(blankSecrets(text)).toHaveLength(text.length);
  expect(() => secretNamesOf(`\${secret:a b}`)).toThrow('a b');
  for (const [name, sound] of [
    ['a.json', `{"a": \${secret:x}, "b": "\${secret:x}"}`],
    ['a.yaml', `a: \${secret:x}\nb: [\${secret:x}]\n`],
    ['a.toml', `a = \${secret:x}\nb = "\${secret:x}"\n`],
  ] as const)
    expect(findSyntaxProblem(name, blankSecrets(sound))).toBeNull();
});
