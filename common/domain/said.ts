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

/** A word out of a list of ours, such as a state, that a reader of another language has one of its own for. */
export function word(text: string): Said {
  return { text, values: [] };
}

/** Sentences in a row: `running; its limits could not be set`. Empty ones are left out. */
export function saidAll(told: readonly Told[]): Told {
  return saidInHalves(told.filter((each) => each !== ''));
}

/** One within the other, a dozen would be deeper than a reader takes. */
function saidInHalves(told: readonly Told[]): Told {
  const [first = '', ...rest] = told;
  if (rest.length === 0) return first;
  const middle = Math.ceil(told.length / 2);
  return said`${saidInHalves(told.slice(0, middle))}; ${saidInHalves(told.slice(middle))}`;
}

/** `: ` and the reason behind what happened; nothing where there is none. */
export function because(reason: Told): Told {
  return reason === '' ? '' : said`: ${reason}`;
}

/** ` (why)` behind a sentence, such as the message that somebody gave with a command; nothing where there is none. */
export function inBrackets(why: Told): Told {
  return why === '' ? '' : said` (${why})`;
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

/** A value that is no sentence. Text of `String()` on one that is would read "[object Object]", which the lint refuses. */
export function plainValue(value: string | number): string {
  return String(value);
}

/** The text as it stands in the source. */
export function english(told: SaidValue): string {
  return typeof told === 'object' ? filledIn(told.text, told.values, english) : plainValue(told);
}

const MAX_SAID_LENGTH = 16_384;
/** Of the sentence with everything in its places. */
const MAX_SENTENCE_LENGTH = 65_536;

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
  return JSON.stringify(facts).length <= MAX_SAID_LENGTH && sentenceLength(facts) <= MAX_SENTENCE_LENGTH;
}

/**
 * How long `english` would make it, without making it: a sentence of a few kilobytes whose places name the same value again and
 * again, on each level, would fill any memory (as entities in XML do, CWE-776).
 */
function sentenceLength(told: SaidValue): number {
  if (typeof told !== 'object') return plainValue(told).length;
  const lengths = told.values.map(sentenceLength);
  return [...told.text.matchAll(PLACE)].reduce(
    (sum, [place, at]) => sum - place.length + (lengths[Number(at)] ?? place.length),
    told.text.length,
  );
}

/** The field beside a text: nobody needs it to understand that, so one that cannot be read is left out. */
export const saidFieldSchema = saidSchema.optional().catch(undefined);

/**
 * Facts of a text that a reader could not have from the English; undefined for none, and for what no reader would take, being too
 * long or too deep.
 */
export function factsOf(told: Told): Said | undefined {
  return typeof told === 'object' && told.values.length > 0 && saidSchema.safeParse(told).success
    ? told
    : undefined;
}

/** A text as an object holds it, cut to `maxLength` characters, with its facts beside it. */
export function asReason(told: Told, maxLength = 4096): { reason: string; said: Said | undefined } {
  return { reason: english(told).slice(0, maxLength), said: factsOf(told) };
}

export function asMessage(told: Told, maxLength = 4096): { message: string; said: Said | undefined } {
  return { message: english(told).slice(0, maxLength), said: factsOf(told) };
}

/** A reason out of an object that holds it. */
export function reasonOf(holder: { readonly reason: string; readonly said?: Said | undefined }): Told {
  return holder.said ?? holder.reason;
}

/** The same of what holds a message: an error, an event. */
export function messageOf(holder: { readonly message: string; readonly said?: Said | undefined }): Told {
  return holder.said ?? holder.message;
}

/** Whether two texts are the same to a reader. */
export function isSameText(one: Told | null, other: Told | null): boolean {
  return one === null || other === null ? one === other : english(one) === english(other);
}
