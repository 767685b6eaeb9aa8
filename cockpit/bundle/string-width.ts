import type original from 'string-width';
import type { Options } from 'string-width';
import stripAnsi from 'strip-ansi';
import { isNarrow } from '../format/width.ts';

/**
 * Stands for the package `string-width` in the bundle, for Ink too, and gives what it gives. The package is loaded only for
 * text that is not narrow: making its regular expressions and using them for the first time takes 30 ms of a start.
 */
export default function stringWidth(text: string, options: Options = {}): number {
  const { countAnsiEscapeCodes = false, ambiguousIsNarrow = true } = options;
  const seen = countAnsiEscapeCodes ? text : stripAnsi(text);
  if (ambiguousIsNarrow && isNarrow(seen)) return seen.length;
  // By its path, since its name means this file. The bundler makes this a call within the bundle.
  const loaded: { default: typeof original } = require('../../node_modules/string-width/index.js');
  return loaded.default(seen, options);
}
