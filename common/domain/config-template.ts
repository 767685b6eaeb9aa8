import { SgridError } from '../protocol/errors.ts';
import { secretNameSchema } from './config-file.ts';
import { said } from './said.ts';

/** `${secret:name}`; with one more `$` before it, it stands for itself. */
const PLACE = /(\$?)\$\{secret:([^}\n]*)\}/g;

/** The names of the secrets that a text asks for, each once, in order. @throws SgridError `bad_request` for a bad name */
export function secretNamesOf(text: string): string[] {
  const names = new Set<string>();
  for (const [, dollar, name = ''] of text.matchAll(PLACE)) {
    if (dollar === '$') continue;
    if (!secretNameSchema.safeParse(name).success)
      throw new SgridError('bad_request', said`\${secret:${name}} does not name a secret`, {
        hint: said`a name has letters, digits, "_", "." and "-"; write $\${secret:…} for the text itself`,
      });
    names.add(name);
  }
  return [...names];
}

/** The text with every secret in its place, as it is: quoting is the text's. */
export function fillSecrets(text: string, secretOf: (name: string) => string): string {
  return text.replace(PLACE, (whole, dollar: string, name: string) =>
    dollar === '$' ? whole.slice(1) : secretOf(name),
  );
}

/**
 * The text with something in the place of secrets that a parser takes inside quotes and outside, and that is as long, so that
 * lines and columns stay true: a number, `1.000`.
 */
export function blankSecrets(text: string): string {
  return text.replace(PLACE, (whole) => '1.'.padEnd(whole.length, '0'));
}
