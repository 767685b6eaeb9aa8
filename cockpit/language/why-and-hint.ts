import type { WireError } from '../../common/protocol/errors.ts';
import type { Translate } from './translate.ts';

/** What was refused and why, and in brackets what can be done about it. */
export function whyAndHint(t: Translate, error: WireError): string {
  const todo = t.hint(error);
  return t.why(error) + (todo === undefined ? '' : t(' ({what})', { what: todo }));
}
