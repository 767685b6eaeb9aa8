import { createContext } from 'react';

/**
 * Rows of text that Ink lays out without looking at them: it is given a token of one column for each, and what stands behind
 * a token is painted in its place. A table of 45 rows costs Ink 20 ms of CPU a frame when it takes every character through
 * its layout and its output; this way, as long as rows neither come nor go, it has nothing to do at all.
 */
export interface RowSlots {
  /** A free token. */
  claim(): string;
  release(token: string): void;
  put(token: string, row: string): void;
  /** What stands behind a row of a frame: behind a token what was put there, else the row itself. */
  rowOf(row: string): string;
}

/** The first of a private use area (Unicode 23.5): no text of ours, and none that is shown at the edge of a screen, is one. */
const FIRST_TOKEN = 0xe000;

export function createRowSlots(onChange: () => void): RowSlots {
  const rows = new Map<string, string>();
  const free: string[] = [];
  return {
    claim: () => {
      const token = free.pop() ?? String.fromCharCode(FIRST_TOKEN + rows.size);
      rows.set(token, '');
      return token;
    },
    release: (token) => {
      rows.delete(token);
      free.push(token);
    },
    put: (token, row) => {
      if (rows.get(token) === row) return;
      rows.set(token, row);
      onChange();
    },
    rowOf: (row) => rows.get(row) ?? row,
  };
}

/** Without one, Ink is given the rows themselves. */
export const RowSlotsContext = createContext<RowSlots | null>(null);
