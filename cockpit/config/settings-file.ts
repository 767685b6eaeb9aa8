import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import * as z from 'zod';
import { writeFileAtomic } from '../../common/system/atomic-file.ts';
import { DEFAULT_SETTINGS, type Settings, settingsSchema } from './settings.ts';

/** Where the settings lie (XDG Base Directory Specification); null for a user without a home. */
export function settingsFileOf(env: Readonly<Record<string, string | undefined>>): string | null {
  const base = env.XDG_CONFIG_HOME ?? '';
  // The specification: a relative path is to be ignored.
  if (isAbsolute(base)) return join(base, 'sgrid', 'config.json');
  const home = env.HOME ?? '';
  return isAbsolute(home) ? join(home, '.config', 'sgrid', 'config.json') : null;
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** Why the file was not taken, for people; null when it was, or when there is none. */
  readonly problem: string | null;
  /** There is no file yet. */
  readonly isFirst: boolean;
}

/** Never fails: a file that cannot be read or understood is named, and the cockpit runs without it. */
export function loadSettings(file: string): LoadedSettings {
  const without = (why: string): LoadedSettings => ({
    settings: DEFAULT_SETTINGS,
    problem: `${file} is ignored, and nothing is remembered: ${why}`,
    isFirst: false,
  });
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT'
      ? { settings: DEFAULT_SETTINGS, problem: null, isFirst: true }
      : without(message);
  }
  try {
    const settings = settingsSchema.parse(JSON.parse(text), { error: inWords });
    return { settings, problem: null, isFirst: false };
  } catch (error) {
    if (!(error instanceof z.ZodError))
      return without(error instanceof Error ? error.message : String(error));
    const [issue] = error.issues;
    return without(`${issue?.path.join('.') || 'it'}: ${issue?.message ?? 'not valid'}`);
  }
}

/** Who forgot a key is not helped by "expected string, received undefined". */
function inWords({ code, input }: z.core.$ZodRawIssue): string | undefined {
  return code === 'invalid_type' && input === undefined ? 'is missing' : undefined;
}

/** @throws SgridError `no_space`, `permission_denied`; what was there before stays. */
export function saveSettings(file: string, settings: Settings): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileAtomic(file, `${JSON.stringify(settings, null, 2)}\n`);
}
