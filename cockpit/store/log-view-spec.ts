import type { CutPoint } from './log-cuts.ts';

/** One log of those that a pane shows. */
export interface LogSourceSpec {
  readonly instanceId: number;
  readonly file: string;
  /** Whose lines these are, put in front of each where there are several sources. */
  readonly label: string;
}

/** Lines that are shown or hidden. Small letters find capitals too, as when searching. */
export interface LogFilter {
  readonly text: string;
  readonly isExclude: boolean;
}

/**
 * What a pane shows: which logs, and which of their lines. A new object stands for a new view, with positions of its
 * own; the same object for the same one.
 */
export interface LogViewSpec {
  /** Never empty; several are merged in the order of time. */
  readonly sources: readonly LogSourceSpec[];
  /** A line is shown when it holds every text to include and none to exclude. Marks of the agent are always shown. */
  readonly filters: readonly LogFilter[];
}

/** Where a view begins, in the terms of an earlier one. */
export type ViewOrigin =
  | { readonly type: 'place'; readonly view: LogViewSpec; readonly lineage: string; readonly cut: CutPoint }
  /** The first lines of that time or later, in milliseconds since the epoch. */
  | { readonly type: 'time'; readonly at: number };

/** Whether it is one log as it is, so that positions are those of the log itself. */
export function isPlainView({ sources, filters }: LogViewSpec): boolean {
  return sources.length === 1 && filters.length === 0;
}
