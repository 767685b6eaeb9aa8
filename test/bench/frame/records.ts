import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { benchmarksDocument } from './document.ts';
import type { BenchResult } from './judge.ts';
import { writeWhole } from './write-whole.ts';

const DOCS = fileURLToPath(new URL('../../../docs', import.meta.url));

/** Puts results of full runs beside those of other benches that are kept, and writes the document anew. */
export function recordResults(results: readonly BenchResult[], docs = DOCS): void {
  const file = `${docs}/benchmarks.json`;
  const kept: BenchResult[] = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : [];
  const byName = new Map([...kept, ...results].map((result) => [result.name, result]));
  const all = [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  writeWhole(file, `${JSON.stringify(all, null, 2)}\n`);
  writeWhole(`${docs}/BENCHMARKS.md`, benchmarksDocument(all));
}
