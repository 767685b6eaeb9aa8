import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { printLine } from '../../../cockpit/cli/io.ts';
import { reportOutcomes } from '../../../cockpit/cli/outcomes.ts';
import { printObject } from '../../../cockpit/cli/output.ts';

/** Fills a clipboard (OSC 52), clears the screen, begins a line that looks like ours, and turns text round. */
const HOSTILE = 'no\x1b]52;c;UFdORUQ=\x07\x1b[2J\nsgrid: 1 removed\x9b5i\u202e';
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const STEERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

const streams = () => ({ stdout: new PassThrough(), stderr: new PassThrough() });
const textOf = (stream: PassThrough) => String(stream.read() ?? '');

test('what a node answers for an instance is one line that drives no terminal', () => {
  const io = streams();
  const refused = { instanceId: 1, error: { code: 'conflict' as const, message: HOSTILE, hint: HOSTILE } };
  const warned = { instanceId: 2, error: null, warning: HOSTILE };
  expect(() => reportOutcomes(io, [refused, warned], new Map(), 'removed')).toThrow('1 of 2 not removed');
  const text = textOf(io.stderr);
  expect(text).toContain('no?]52;');
  expect(text).not.toMatch(STEERS);
  expect(text.trimEnd().split('\n')).toHaveLength(2);
});

test('a line is printed without what drives a terminal, whoever forgot to look', () => {
  const { stdout } = streams();
  printLine(stdout, HOSTILE);
  expect(textOf(stdout)).not.toMatch(STEERS);
  printLine(stdout, 'two\nlines, 中文 👩‍💻');
  expect(textOf(stdout)).toBe('two\nlines, 中文 👩‍💻\n');
});

test('JSON on a terminal drives it neither, and reads as what it was', async () => {
  const { stdout } = streams();
  await printObject({ stdout } as never, { reason: HOSTILE }, 'json');
  const text = textOf(stdout);
  expect(text).not.toMatch(STEERS);
  expect(JSON.parse(text)).toEqual({ reason: HOSTILE });
});
