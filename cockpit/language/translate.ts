import type { EventKind } from '../../common/domain/event.ts';
import {
  filledIn,
  english as inEnglish,
  plainValue,
  type Said,
  type SaidValue,
  type Told,
} from '../../common/domain/said.ts';
import type { ErrorCode, WireError } from '../../common/protocol/errors.ts';
import type { Language } from './language.ts';

type ZhCn = typeof import('./zh-cn.ts');

/** Every text that is shown: the English one is its name, as in gettext(3). Places for values stand in braces. */
export type Message = keyof ZhCn['MESSAGES'];
/** What is counted: `1 instance`, `2 instances`. */
export type Noun = keyof ZhCn['NOUNS'];

type Places<Text extends string> = Text extends `${string}{${infer Place}}${infer Rest}`
  ? Place | Places<Rest>
  : never;

/** Messages without places for values: what tables of words are made of. */
export type Word = { [Text in Message]: [Places<Text>] extends [never] ? Text : never }[Message];

/** Values of the places of a message; none where it has none. */
type Values<Text extends string> = [Places<Text>] extends [never]
  ? []
  : [values: Readonly<Record<Places<Text>, string | number>>];

/** Texts of one language. The compiler refuses a text that has no translation, and one whose values are not all there. */
export interface Translate {
  <Text extends Message>(text: Text, ...values: Values<Text>): string;
  /** An amount with its noun in the right number. */
  count(amount: number, noun: Noun): string;
  /** A text that came as data, with an error say: translated where it is one of ours, else as it is. */
  known(text: string): string;
  /** What master or agent said, in this language as far as it knows the sentence, and those within it. */
  told(told: Told): string;
  /** What was refused, and why. */
  why(error: WireError): string;
  /** What can be done about it; undefined where there is nothing to say. */
  hint(error: WireError): string | undefined;
  /** What kind of thing happened, short. */
  event(kind: EventKind): string;
  readonly language: Language;
}

export interface Catalogue {
  readonly MESSAGES: Readonly<Record<Message, string>>;
  readonly NOUNS: Readonly<Record<Noun, string>>;
  readonly TOLD: Readonly<Record<string, string>>;
  readonly ERROR_WORDS: Readonly<Record<ErrorCode, string>>;
  readonly EVENT_WORDS: Readonly<Record<EventKind, string>>;
}

const PLACE = /\{(\w+)\}/g;

function filled(text: string, values: Readonly<Record<string, string | number>> | undefined): string {
  return values === undefined
    ? text
    : text.replaceAll(PLACE, (place, name: string) => String(values[name] ?? place));
}

function grouped(amount: number): string {
  return amount < 1000 ? String(amount) : amount.toLocaleString('en');
}

/** The texts as they stand in the sources. */
export const english: Translate = Object.assign(
  (text: string, values?: Readonly<Record<string, string | number>>) => filled(text, values),
  {
    count: (amount: number, noun: Noun) => `${grouped(amount)} ${noun}${amount === 1 ? '' : 's'}`,
    known: (text: string) => text,
    told: (told: Told) => inEnglish(told),
    why: ({ message }: WireError) => message,
    hint: ({ hint }: WireError) => hint,
    event: (kind: EventKind) => kind,
    language: 'en' as const,
  },
);

/** A text that a catalogue lacks stays English. */
export function createTranslate(language: Language, catalogue: Catalogue): Translate {
  const { MESSAGES, NOUNS, TOLD, ERROR_WORDS, EVENT_WORDS } = catalogue;
  const own = (text: string): string | undefined => {
    if (Object.hasOwn(TOLD, text)) return TOLD[text];
    return Object.hasOwn(MESSAGES, text) ? MESSAGES[text as Message] : undefined;
  };
  const known = (text: string): string => own(text) ?? text;
  const say = (value: SaidValue): string =>
    typeof value === 'object' ? filledIn(known(value.text), value.values, say) : plainValue(value);
  const told = (text: Told): string => (typeof text === 'string' ? known(text) : say(text));
  const isKnown = (text: Told): boolean => own(typeof text === 'string' ? text : text.text) !== undefined;
  return Object.assign(
    (text: Message, values?: Readonly<Record<string, string | number>>) =>
      filled(MESSAGES[text] ?? text, values),
    {
      count: (amount: number, noun: Noun) =>
        filled(NOUNS[noun] ?? `{count} ${noun}`, { count: grouped(amount) }),
      known,
      told,
      why: ({ code, message, said }: WireError) => {
        const facts: Said | string = said ?? message;
        return isKnown(facts)
          ? told(facts)
          : filledIn(known('{0}: {1}'), [ERROR_WORDS[code], message], String);
      },
      hint: ({ hint, saidHint }: WireError) => (hint === undefined ? undefined : told(saidHint ?? hint)),
      event: (kind: EventKind) => EVENT_WORDS[kind],
      language,
    },
  );
}

/** A catalogue is loaded only by whoever reads it: the English start does without. */
export async function loadTranslate(language: Language): Promise<Translate> {
  return language === 'en' ? english : createTranslate(language, await import('./zh-cn.ts'));
}
