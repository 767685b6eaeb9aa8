import { readdirSync, readFileSync } from 'node:fs';
import type { Bench } from './bench.ts';

const FOLDER = new URL('../', import.meta.url);

/** Names of all benches: the files beside `index.ts` that export one. */
export function benchNames(): string[] {
  return readdirSync(FOLDER)
    .filter(
      (file) =>
        file.endsWith('.ts') && /^export const bench\b/m.test(readFileSync(new URL(file, FOLDER), 'utf8')),
    )
    .map((file) => file.slice(0, -'.ts'.length))
    .sort();
}

export async function loadBench(name: string): Promise<Bench> {
  const { bench } = (await import(new URL(`${name}.ts`, FOLDER).href)) as { bench: Bench };
  return bench;
}
