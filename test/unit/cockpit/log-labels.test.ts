import { expect, test } from 'vitest';
import { createLineRenderer, LABEL_COLUMNS } from '../../../cockpit/client/log-segment-builder.ts';
import { decodeLine, segmentsText } from '../../../cockpit/format/terminal-text.ts';
import { displayWidth } from '../../../cockpit/format/width.ts';
import { lineCut } from '../../../cockpit/store/log-cuts.ts';

const long = 'a-service-name-of-sixty-three-letters-as-long-as-one-may-be-abc';

/** A line of each log, as it is merged. */
function rendered(labels: readonly string[], text: string, hasColours: boolean, labelColumns?: number) {
  const sources = labels.map((label, at) => ({ instanceId: at + 1, file: 'stdout', label }));
  const render = createLineRenderer({ sources, filters: [] }, hasColours, labelColumns);
  const bytes = Buffer.from(text);
  const at = { cut: lineCut(0), end: bytes.length, ownTime: null, at: 0, isMark: false, arrivedAt: 0 };
  return labels.map((_, source) => Buffer.concat(render(source, { ...at, bytes })));
}

/** What stands before a line of each log. */
const prefixes = (labels: readonly string[], labelColumns?: number): string[] =>
  rendered(labels, 'text\n', false, labelColumns).map((line) => line.toString().replace(/text\n$/, ''));

test('one long name leaves room for the text of all merged logs, and keeps its port', () => {
  const labels = [`${long}@local:8080`, 'web@local:8081'];
  expect(prefixes(labels, LABEL_COLUMNS)).toEqual([
    'a-service-name-o~-abc@local:8080 ',
    `${'web@local:8081'.padEnd(LABEL_COLUMNS)} `,
  ]);
  // A file has room.
  expect(prefixes(labels)[0]).toBe(`${labels[0]} `);
});

test('names that would look alike are not cut', () => {
  const labels = [`${long}-x-${long}`, `${long}-y-${long}`];
  expect(prefixes(labels, LABEL_COLUMNS)).toEqual(labels.map((label) => `${label} `));
});

test('the text begins in the same column behind wide characters', () => {
  const widths = prefixes(['web@机房一', 'web@beta'], LABEL_COLUMNS).map(displayWidth);
  expect(widths).toEqual([11, 11]);
});

test.each([
  ['10 %\r20 %\r30 %\r\n', 'web 30 %'],
  ['\r\r\n', 'web '],
  ['all\r\n', 'web all'],
])('whose the line %j is stays on the screen, and a file has all of it', (text, shown) => {
  const [screen] = rendered(['web', 'api'], text, true);
  expect(segmentsText(decodeLine(screen ?? Buffer.alloc(0)))).toBe(shown);
  expect(rendered(['web', 'api'], text, false)[0]?.toString()).toBe(`web ${text}`);
});
