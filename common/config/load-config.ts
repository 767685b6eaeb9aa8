import * as z from 'zod';
import { describeIssue } from '../protocol/bind.ts';
import { SgridError } from '../protocol/errors.ts';
import { readFileIfThere } from '../system/atomic-file.ts';

export interface ConfigSources {
  /** A JSON file, in which lines that begin with `//` are comments; or undefined for none. */
  file?: string | undefined;
  /** Whether a missing file is an error: true when the user named it, false for a default place. */
  fileMustExist?: boolean;
  /** Environment, and the prefix of ours in it: `httpPort` is read from `<prefix>HTTP_PORT`. */
  env: Readonly<Record<string, string | undefined>>;
  envPrefix: string;
  /** Command-line flags by key; undefined ones were not given. */
  flags: Readonly<Record<string, unknown>>;
  /** Keys of older configs that are accepted and ignored, each with the notice that says so. */
  ignored?: Readonly<Record<string, string>>;
}

export interface LoadedConfig<T> {
  config: T;
  /** One line for each accepted but ignored key. */
  notices: string[];
}

/** `httpPort` → `HTTP_PORT` */
function envNameOf(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

/**
 * One configuration out of file, environment and flags, the later winning, checked by one schema.
 *
 * Every key is flat. Values of the environment are text; the schema converts them (`z.coerce`).
 *
 * @throws SgridError `bad_request` naming the source and the key: unreadable JSON, unknown keys, values that do not fit.
 */
export function loadConfig<S extends z.ZodObject>(
  schema: S,
  sources: ConfigSources,
): LoadedConfig<z.output<S>> {
  const known = Object.keys(schema.shape);
  const notices: string[] = [];
  const fromFile = readConfigFile(sources, known, notices);
  const merged: Record<string, unknown> = { ...fromFile };
  const origin = new Map<string, string>(Object.keys(fromFile).map((key) => [key, sources.file ?? 'file']));
  for (const key of known) {
    const envName = sources.envPrefix + envNameOf(key);
    const fromEnv = sources.env[envName];
    if (fromEnv !== undefined && fromEnv !== '') {
      merged[key] = fromEnv;
      origin.set(key, envName);
    }
    if (sources.flags[key] !== undefined) {
      merged[key] = sources.flags[key];
      origin.set(key, `--${key.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase()}`);
    }
  }
  const parsed = schema.safeParse(merged);
  if (parsed.success) return { config: parsed.data, notices };
  const key = String(parsed.error.issues[0]?.path[0] ?? '');
  const source = origin.get(key);
  throw new SgridError('bad_request', `config ${describeIssue(parsed.error)}`, {
    hint:
      source === undefined
        ? `set "${key}" in the config file or ${sources.envPrefix}${envNameOf(key)}`
        : `it comes from ${source}`,
  });
}

function readConfigFile(
  sources: ConfigSources,
  known: readonly string[],
  notices: string[],
): Record<string, unknown> {
  const { file } = sources;
  if (file === undefined) return {};
  const text = readFileIfThere(file);
  if (text === null) {
    if (sources.fileMustExist !== true) return {};
    throw new SgridError('not_found', `config file ${file} does not exist`, {
      hint: 'check the path behind --config',
    });
  }
  const values = parseObject(file, text);
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(values)) {
    const ignoredBecause = sources.ignored?.[key];
    if (known.includes(key)) kept[key] = value;
    else if (ignoredBecause !== undefined) notices.push(`${file}: "${key}" is ignored: ${ignoredBecause}`);
    else throw unknownKey(file, key, known);
  }
  return kept;
}

function parseObject(file: string, text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(blankComments(text)));
  } catch (cause) {
    const problem = cause instanceof SyntaxError ? cause.message : 'it must hold one JSON object';
    throw new SgridError('bad_request', `config file ${file} cannot be read: ${problem}`, {
      hint: 'mend the file: it is one JSON object, and lines that begin with // are comments',
      cause,
    });
  }
}

/** Blanks lines that begin with `//`, so that places in messages stay right. No JSON value reaches over a line's end. */
function blankComments(text: string): string {
  return text.replace(/^[ \t]*\/\/.*$/gm, (line) => ' '.repeat(line.length));
}

function unknownKey(file: string, key: string, known: readonly string[]): SgridError {
  const near = known.find((candidate) => candidate.toLowerCase() === key.toLowerCase());
  return new SgridError('bad_request', `${file}: unknown key "${key}"`, {
    hint: near === undefined ? `known keys: ${known.join(', ')}` : `did you mean "${near}"?`,
  });
}
