import { type Said, said } from './said.ts';

/** "1 instance", "3 instances", within a sentence. */
export function instanceCount(count: number): Said {
  return count === 1 ? said`1 instance` : said`${count} instances`;
}
