import { z } from 'zod';

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

/** The user's own file: what the cockpit remembers, and what the user writes. Unknown keys are kept as they are. */
export const settingsSchema = z.looseObject({
  tables: z.record(z.string().max(64), tableSchema).default({}),
});
export type Settings = z.infer<typeof settingsSchema>;
export type TableSettings = z.infer<typeof tableSchema>;

export const DEFAULT_SETTINGS: Settings = settingsSchema.parse({});

export function withTableSettings(settings: Settings, key: string, change: TableSettings): Settings {
  return { ...settings, tables: { ...settings.tables, [key]: { ...settings.tables[key], ...change } } };
}
