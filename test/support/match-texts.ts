import type { LogSearchResult } from '../../common/domain/log-search.ts';

/** The text of each match, raw. */
export function matchTexts({ matches, text }: Pick<LogSearchResult, 'matches' | 'text'>): Uint8Array[] {
  let at = 0;
  return matches.map(({ textBytes }) => {
    at += textBytes;
    return text.subarray(at - textBytes, at);
  });
}
