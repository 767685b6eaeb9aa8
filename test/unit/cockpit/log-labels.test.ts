import { expect, test } from 'vitest';
import { createLineRenderer, LABEL_COLUMNS } from '../../../cockpit/client/log-segment-builder.ts';
import { displayWidth } from '../../../cockpit/format/width.ts';
import { lineCut } from '../../../cockpit/store/log-cuts.ts';

const long = 'a-service-name-of-sixty-three-letters-as-long-as-one-may-be-abc';

/** What stands before a line of each log. */
function prefixes(labels: readonly string[], labelColumns?: number): string[] {
  const sources = labels.map((label, at) => ({ instanceId: at + 1, file: 'stdout', label }));
  const render = createLineRenderer({ sources, filters: [] }, false, labelColumns);
  const bytes = Buffer.from('text\n');
  return labels.map((_, at) =>
    Buffer.concat(
      render(at, {
        cut: lineCut(0),
        end: bytes.length,
        bytes,
        ownTime: null,
        at: 0,
        isMark: false,
        arrivedAt: 0,
      }),
    )
      .toString()
      .replace(/text\n$/, ''),
  );
}

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
