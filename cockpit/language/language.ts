/** What the cockpit's texts are in. */
export const LANGUAGES = ['en', 'zh-CN'] as const;
export type Language = (typeof LANGUAGES)[number];

/** What may be asked for by name: `en`, `zh`, `zh-CN`, `zh_CN.UTF-8`. */
export const LANGUAGE_NAME = /^(en|zh)(?![a-z])/i;

/** What the choice is made from, the strongest first. */
export interface LanguageSources {
  /** `--lang`. */
  readonly option?: string | undefined;
  /** `language` of the config file. */
  readonly setting?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * `zh`, `zh_CN.UTF-8`, `zh-Hans` are Chinese, all else is English. The locale is that of messages: `LC_ALL`, `LC_MESSAGES`,
 * `LANG`, the first that is set (locale(7)).
 */
export function chooseLanguage({ option, setting, env }: LanguageSources): Language {
  const isSet = (value: string | undefined): value is string => (value ?? '') !== '';
  const asked = [option, setting].find(isSet);
  if (asked !== undefined) return languageOf(asked);
  const locale = [env.LC_ALL, env.LC_MESSAGES, env.LANG].find(isSet) ?? '';
  // A terminal of another character set (zh_CN.GB18030) would show every Chinese text as rubbish.
  const charset = /\.([^@]*)/.exec(locale)?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset) ? languageOf(locale) : 'en';
}

function languageOf(name: string): Language {
  return /^zh(?![a-z])/i.test(name) ? 'zh-CN' : 'en';
}
