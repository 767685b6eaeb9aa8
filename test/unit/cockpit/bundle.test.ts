import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import stringWidth from 'string-width';
import { afterEach, expect, test, vi } from 'vitest';
import { LazySegmenter } from '../../../cockpit/bundle/lazy-segmenter.ts';

const directory = mkdtempSync(join(tmpdir(), 'sgrid-bundle-'));

afterEach(() => {
  vi.unstubAllGlobals();
  rmSync(directory, { recursive: true, force: true });
});

test('what stands for string-width gives what it gives', async () => {
  const outfile = join(directory, 'width.mjs');
  const entry = new URL('../../../cockpit/bundle/string-width.ts', import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node' });
  const { default: ours } = (await import(pathToFileURL(outfile).href)) as { default: typeof stringWidth };
  const units = Array.from({ length: 0x1000 }, (_, at) => String.fromCharCode(at * 15));
  expect(units.filter((unit) => ours(unit) !== stringWidth(unit))).toEqual([]);
  const texts = [
    '',
    'web',
    '│ web ▁▂ │',
    '服务',
    'e\u0301',
    '🚀 x',
    '👩‍👩‍👧',
    '\u001b[1m古\u001b[22m',
    '\u001b[31mweb\u001b[39m',
  ];
  for (const text of texts) {
    expect(ours(text), text).toBe(stringWidth(text));
    for (const options of [{ countAnsiEscapeCodes: true }, { ambiguousIsNarrow: false }])
      expect(ours(text, options), text).toBe(stringWidth(text, options));
  }
});

test('a lazy segmenter segments as the real one, which is made by the first text', () => {
  const text = 'e\u0301👩‍👩‍👧 x';
  const segments = (segmenter: { segment(text: string): Intl.Segments }) => [...segmenter.segment(text)];
  expect(segments(new LazySegmenter())).toEqual(segments(new Intl.Segmenter()));
  const words = { granularity: 'word' } as const;
  expect(segments(new LazySegmenter('en', words))).toEqual(segments(new Intl.Segmenter('en', words)));
  expect(() => new LazySegmenter('no locale')).not.toThrow();
  expect(() => new LazySegmenter('no locale').segment('')).toThrow(RangeError);
});

test('the layout engine is loaded without fetch, which is as it was behind it', async () => {
  const fetch = vi.fn(() => Promise.reject(new Error('it has fetched')));
  vi.stubGlobal('fetch', fetch);
  const { default: yoga } = await import('../../../cockpit/bundle/yoga.ts');
  expect(fetch).not.toHaveBeenCalled();
  expect(globalThis.fetch).toBe(fetch);
  const node = yoga.Node.create();
  node.setWidth(7);
  node.calculateLayout(undefined, undefined);
  expect(node.getComputedWidth()).toBe(7);
  node.free();
});
