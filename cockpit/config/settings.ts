import * as z from 'zod';
import { LANGUAGE_NAME } from '../language/language.ts';

const sortSchema = z.object({
  column: z.string().max(64),
  descending: z.boolean(),
  /** What is broken stands in front, whatever the column. */
  badFirst: z.boolean().optional(),
});

const tableSchema = z.object({
  /** Keys of the columns to show; without it, those that the cockpit chooses. */
  columns: z.array(z.string().max(64)).max(64).optional(),
  sort: sortSchema.optional(),
});

/** Palettes of components/themes.ts. */
export const themeNameSchema = z.enum(['basic', 'dark', 'light', 'high-contrast']);
export type ThemeName = z.infer<typeof themeNameSchema>;

/** A master with a name. */
const contextSchema = z.object({
  master: z.string().min(1).max(1024),
  tokenFile: z.string().min(1).max(4096),
  /** Nothing can be changed there by this cockpit. */
  readOnly: z.boolean().default(false),
});

/** The user's own file: what the cockpit remembers, and what the user writes. Unknown keys are kept as they are. */
export const settingsSchema = z.looseObject({
  tables: z.record(z.string().max(64), tableSchema).default({}),
  /** Lines of the palette, oldest first. */
  history: z.array(z.string().max(4096)).default([]),
  /** Words of the palette of one's own: `{"bad": "instances state:unhealthy"}`. */
  aliases: z.record(z.string().regex(/^\S{1,32}$/, 'is one word'), z.string().max(4096)).default({}),
  /** Keys by what they do: `{"restart": ["ctrl-r"]}`; see keymap/remap.ts. */
  keys: z.record(z.string().max(64), z.array(z.string().max(16)).max(8)).default({}),
  theme: themeNameSchema.default('basic'),
  /** Of the texts: `en` or `zh-CN`; without it, the locale decides. */
  language: z.string().regex(LANGUAGE_NAME, 'is en or zh-CN').optional(),
  /** Nothing but ASCII is shown; without it, the locale decides. */
  ascii: z.boolean().optional(),
  /** Nothing can be changed by this cockpit, whatever the token may. */
  readOnly: z.boolean().default(false),
  /** Wheel and clicks are the cockpit's; the terminal's own selection then needs shift. */
  mouse: z.boolean().default(false),
  /** Masters by name, for `:ctx`. */
  contexts: z.record(z.string().regex(/^\S{1,32}$/, 'is one word'), contextSchema).default({}),
  /** The one of them that a command line means which names no master. */
  currentContext: z.string().optional(),
  /** The tour was seen. */
  toured: z.boolean().default(false),
});
export type Settings = z.infer<typeof settingsSchema>;
export type TableSettings = z.infer<typeof tableSchema>;

export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

export function withTableSettings(settings: Settings, key: string, change: TableSettings): Settings {
  return { ...settings, tables: { ...settings.tables, [key]: { ...settings.tables[key], ...change } } };
}

const KEPT_LINES = 100;

/** The line as the newest; the same line before is not told twice. */
export function withHistoryLine(settings: Settings, line: string): Settings {
  if (settings.history.at(-1) === line) return settings;
  const history = [...settings.history.filter((known) => known !== line), line].slice(-KEPT_LINES);
  return { ...settings, history };
}
