import * as z from 'zod';

/**
 * A sentence for people with its facts apart, so that whoever shows it can say it in another language: the English text, which
 * is its name as in gettext(3), with numbered places, and what stands in them. A value may be said in the same way.
 */
export interface Said {
  readonly text: string;
  readonly values: readonly SaidValue[];
}
export type SaidValue = string | number | Said;

/** A text for people. A plain string is either said as it is, or has no values and is its own name. */
export type Told = string | Said;

/**
 * A tag for texts: ``said`node ${nodeId} is not connected` ``. Each has its Chinese in `cockpit/language/zh-cn/`, which a unit
 * test asks for.
 */
export function said(parts: TemplateStringsArray, ...values: SaidValue[]): Said {
  return { text: parts.reduce((text, part, at) => `${text}{${at - 1}}${part}`), values };
}

/** Sentences in a row: `running; its limits could not be set`. Empty ones are left out. */
export function saidAll(told: readonly Told[]): Told {
  return told
    .filter((each) => each !== '')
    .reduce((all, each) => (all === '' ? each : said`${all}; ${each}`), '');
}

/** `: ` and the reason behind what happened; nothing where there is none. */
export function because(reason: Told): Told {
  return reason === '' ? '' : said`: ${reason}`;
}

const PLACE = /\{(\d+)\}/g;

/** Puts values into the numbered places of a text, of whatever language. */
export function filledIn(
  text: string,
  values: readonly SaidValue[],
  word: (value: SaidValue) => string,
): string {
  return text.replaceAll(PLACE, (place, at: string) => {
    const value = values[Number(at)];
    return value === undefined ? place : word(value);
  });
}

/** The text as it stands in the source. */
export function english(told: SaidValue): string {
  return typeof told === 'object' ? filledIn(told.text, told.values, english) : String(told);
}

const MAX_SAID_LENGTH = 16_384;

const plainValueSchema = z.string().or(z.number());
const textSchema = z.string().max(1024);
const saidOf = <Value extends z.ZodType<SaidValue>>(value: Value) =>
  z.object({ text: textSchema, values: z.array(value).max(16) });
const nested = (inner: z.ZodType<Said>) => saidOf(plainValueSchema.or(inner));

/** How deep sentences stand in one another: a rollout's end, its step's failure, its instance's reason, the error behind that. */
const MAX_DEPTH = 8;

function schemaOfDepth(depth: number): z.ZodType<Said> {
  return depth === 1 ? saidOf(plainValueSchema) : nested(schemaOfDepth(depth - 1));
}

/** As it travels and is kept, beside the English text. */
export const saidSchema = schemaOfDepth(MAX_DEPTH).refine(isShort, 'is too long');

function isShort(facts: Said): boolean {
  return JSON.stringify(facts).length <= MAX_SAID_LENGTH;
}

/** The field beside a text: nobody needs it to understand that, so one that cannot be read is left out. */
export const saidFieldSchema = saidSchema.optional().catch(undefined);

/** Facts of a text that a reader could not have from the English; undefined for none, and for what would be too long. */
export function factsOf(told: Told): Said | undefined {
  return typeof told === 'object' && told.values.length > 0 && isShort(told) ? told : undefined;
}

/** For an object that holds a text: its field `said`, or nothing. */
export function saidField(told: Told): { said?: Said } {
  const facts = factsOf(told);
  return facts === undefined ? {} : { said: facts };
}
