/**
 * The state that SGR sequences set (ECMA-48 8.3.117; ISO 8613-6 for the 38 and 48 forms). Blinking and concealed text
 * is left out on purpose: a log has no right to hide what it says.
 */
export interface SgrStyle {
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly strikethrough: boolean;
  /** Parameters that set the colour, for example `31` or `38;5;208`; empty for the default. */
  readonly foreground: string;
  readonly background: string;
}

export const PLAIN_STYLE: SgrStyle = {
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  inverse: false,
  strikethrough: false,
  foreground: '',
  background: '',
};

/** More parameters in one sequence than any program has a use for: the rest is ignored. */
const MAX_PARAMETERS = 32;

const ATTRIBUTES: Readonly<Record<number, Partial<SgrStyle>>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strikethrough: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strikethrough: false },
  39: { foreground: '' },
  49: { background: '' },
};

/** The style after a sequence with these parameters (what stands between `ESC [` and `m`). Unknown ones change nothing. */
export function applySgr(style: SgrStyle, parameters: string): SgrStyle {
  const fields = parameters.split(';', MAX_PARAMETERS);
  let next = style;
  for (let at = 0; at < fields.length; at++) {
    const parts = (fields[at] ?? '').split(':');
    const code = Number(parts[0]);
    if (code === 38 || code === 48 || code === 58) {
      const isColon = parts.length > 1;
      const color = extendedColor(isColon ? withoutColorSpace(parts.slice(1)) : fields.slice(at + 1));
      if (!isColon) at += color.used;
      if (code === 38) next = { ...next, foreground: color.value === '' ? '' : `38;${color.value}` };
      if (code === 48) next = { ...next, background: color.value === '' ? '' : `48;${color.value}` };
    } else if (code === 4 && parts.length > 1) {
      next = { ...next, underline: parts[1] !== '0' };
    } else {
      next = applyCode(next, code);
    }
  }
  return next;
}

function applyCode(style: SgrStyle, code: number): SgrStyle {
  if (code === 0) return PLAIN_STYLE;
  if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return { ...style, foreground: String(code) };
  if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107))
    return { ...style, background: String(code) };
  const change = ATTRIBUTES[code];
  return change === undefined ? style : { ...style, ...change };
}

/** `2::r:g:b` and `2:0:r:g:b` name a colour space, `2:r:g:b` does not. */
function withoutColorSpace(parts: string[]): string[] {
  return parts[0] === '2' && parts.length >= 5 ? ['2', ...parts.slice(2)] : parts;
}

/** `5;n` or `2;r;g;b` at the beginning of `fields`; an empty value when malformed. */
function extendedColor(fields: string[]): { value: string; used: number } {
  const count = fields[0] === '5' ? 1 : fields[0] === '2' ? 3 : 0;
  const numbers = fields.slice(1, 1 + count).map(Number);
  const isWhole = count > 0 && numbers.length === count && numbers.every((n) => n >= 0 && n <= 255);
  return {
    value: isWhole ? [fields[0], ...numbers].join(';') : '',
    used: Math.min(1 + count, fields.length),
  };
}

/** SGR parameters that set this style from the default one; empty for the default itself. */
export function sgrParameters(style: SgrStyle): string {
  if (style === PLAIN_STYLE) return '';
  return [
    style.bold ? '1' : '',
    style.dim ? '2' : '',
    style.italic ? '3' : '',
    style.underline ? '4' : '',
    style.inverse ? '7' : '',
    style.strikethrough ? '9' : '',
    style.foreground,
    style.background,
  ]
    .filter((parameter) => parameter !== '')
    .join(';');
}

/** What is left of SGR parameters where colours are not wanted: weight, underline, reverse video. */
export function withoutColours(parameters: string): string {
  return sgrParameters({ ...applySgr(PLAIN_STYLE, parameters), foreground: '', background: '' });
}
