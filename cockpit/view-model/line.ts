/**
 * What a piece of text means. The theme turns a tone into colours, so that no view-model knows any.
 *
 * `ok` `busy` `warn` `bad` `idle` are states of things; `title` `label` `key` `dim` `strong` `accent` are typography;
 * `match` is a search hit; `flash` has just changed; `stale` is a figure that is no longer live.
 */
export type Tone =
  | 'plain'
  | 'strong'
  | 'dim'
  | 'label'
  | 'title'
  | 'key'
  | 'accent'
  | 'ok'
  | 'busy'
  | 'warn'
  | 'bad'
  | 'idle'
  | 'match'
  | 'flash'
  | 'stale';

/** A run of text in one style. `text` holds no control characters; whoever takes text from outside removes them. */
export interface Segment {
  readonly text: string;
  readonly tone?: Tone;
  /** SGR parameters instead of a tone (ECMA-48 8.3.117): digits and semicolons only. For logs that bring colours along. */
  readonly sgr?: string;
}

/** One row of the screen, top to bottom. `bar` paints the whole row, to the full width: the one under the cursor, a line of titles, one
 * chosen besides, one marked. */
export interface Line {
  readonly segments: readonly Segment[];
  readonly bar?: 'selected' | 'header' | 'chosen' | 'marked';
}
