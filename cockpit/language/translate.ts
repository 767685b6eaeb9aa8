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
  readonly language: Language;
}

export interface Catalogue {
  readonly MESSAGES: Readonly<Record<Message, string>>;
  readonly NOUNS: Readonly<Record<Noun, string>>;
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
    language: 'en' as const,
  },
);

/** A text that a catalogue lacks stays English. */
export function createTranslate(language: Language, { MESSAGES, NOUNS }: Catalogue): Translate {
  return Object.assign(
    (text: Message, values?: Readonly<Record<string, string | number>>) =>
      filled(MESSAGES[text] ?? text, values),
    {
      count: (amount: number, noun: Noun) =>
        filled(NOUNS[noun] ?? `{count} ${noun}`, { count: grouped(amount) }),
      known: (text: string) => (Object.hasOwn(MESSAGES, text) ? MESSAGES[text as Message] : text),
      language,
    },
  );
}

/** A catalogue is loaded only by whoever reads it: the English start does without. */
export async function loadTranslate(language: Language): Promise<Translate> {
  return language === 'en' ? english : createTranslate(language, await import('./zh-cn.ts'));
}
