import { join, resolve } from 'node:path';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { parseMasterAddress } from '../../common/protocol/master-address.ts';
import { readLockHolder } from '../../common/system/lock-file.ts';
import { isAlive } from '../../common/system/process-identity.ts';
import { expandHome } from '../client/complete-path.ts';
import { readTokenFile } from '../client/token-file.ts';
import { DEFAULT_SETTINGS, type Settings } from '../config/settings.ts';
import { loadSettings, settingsFileOf } from '../config/settings-file.ts';
import { UsageError } from './exit-code.ts';
import type { CliIo } from './io.ts';
import { readLocalState } from './local/state.ts';

export const DEFAULT_URL = 'http://127.0.0.1:15872';
export const DEFAULT_STATE_DIRECTORY = '.sgrid';

export interface TargetOptions {
  master?: string | undefined;
  tokenFile?: string | undefined;
  /** A named master of the user's settings. */
  context?: string | undefined;
}

export interface Target {
  url: string;
  token: string;
  warning: string | null;
  /** Nothing is changed there: the context says so. */
  isReadOnly?: boolean;
}

/** Where `sgrid up` of this directory keeps its state: `SGRID_STATE_DIR`, else `./.sgrid`. */
export function stateDirectoryOf(io: Pick<CliIo, 'cwd' | 'env'>, flag?: string): string {
  return resolve(io.cwd, flag ?? (io.env.SGRID_STATE_DIR || DEFAULT_STATE_DIRECTORY));
}

/** The token that `sgrid up` gives its user. */
export function localTokenFile(stateDirectory: string): string {
  return join(stateDirectory, 'master', 'tokens', 'operator.token');
}

/** The lock that a local master holds while it runs. */
export function masterLockFile(stateDirectory: string): string {
  return join(stateDirectory, 'master', 'master.pid');
}

/**
 * Which master is meant, and the token for it: flags, then `SGRID_CONTEXT`, then `SGRID_MASTER` and `SGRID_TOKEN_FILE`, then
 * the local system of this directory, then the current context, then the default address.
 *
 * @throws SgridError `disconnected` when the local system is meant and its master does not run; others when there is no
 *   token to show, or its file cannot be used.
 */
export function resolveTarget(options: TargetOptions, io: Pick<CliIo, 'cwd' | 'env'>): Target {
  const named =
    options.context ?? (options.master === undefined ? io.env.SGRID_CONTEXT || undefined : undefined);
  if (named !== undefined) {
    if (options.master !== undefined)
      throw new UsageError('--context and --master both name a master', 'give one of them');
    return contextTarget(named, options, io);
  }
  const url = options.master ?? io.env.SGRID_MASTER;
  const tokenFile = options.tokenFile ?? io.env.SGRID_TOKEN_FILE;
  const local = findLocal(io);
  // Whoever works here means this system, never whichever master happens to have the default address.
  if (local !== null && !local.runs && url === undefined) {
    throw new SgridError('disconnected', `the local master (${local.url}) is not running`, {
      hint: 'bring it up with "npm start" or "sgrid up", or name another with --master',
    });
  }
  // A token is a key to one door: the local one is never shown to a master that somebody named.
  const localFits = local?.runs === true && (url === undefined || normalize(url) === local.url);
  const file =
    tokenFile === undefined ? (localFits ? local.tokenFile : undefined) : resolve(io.cwd, tokenFile);
  if (local === null && url === undefined) {
    const current = settingsOf(io).currentContext;
    if (current !== undefined) return contextTarget(current, options, io);
  }
  const target = normalize(url ?? local?.url ?? DEFAULT_URL);
  if (file !== undefined) return { url: target, ...readTokenFile(file) };
  throw new SgridError('unauthenticated', `no token for the master at ${target}`, {
    hint: 'give --token-file FILE or SGRID_TOKEN_FILE; or run "sgrid up" here for a local system',
  });
}

function contextTarget(
  name: string,
  options: TargetOptions,
  { cwd, env }: Pick<CliIo, 'cwd' | 'env'>,
): Target {
  const context = settingsOf({ env }).contexts[name];
  if (context === undefined)
    throw new UsageError(`there is no context "${name}"`, 'see "sgrid context list"');
  const file = options.tokenFile ?? expandHome(context.tokenFile);
  return {
    url: normalize(context.master),
    ...readTokenFile(resolve(cwd, file)),
    isReadOnly: context.readOnly,
  };
}

function settingsOf({ env }: Pick<CliIo, 'env'>): Settings {
  const file = settingsFileOf(env);
  return file === null ? DEFAULT_SETTINGS : loadSettings(file).settings;
}

/** The local system of this directory; null when there never was one, or its record is damaged. */
function findLocal(io: Pick<CliIo, 'cwd' | 'env'>): { url: string; tokenFile: string; runs: boolean } | null {
  const directory = stateDirectoryOf(io);
  try {
    const state = readLocalState(directory);
    if (state === null) return null;
    const runs =
      (state.master !== null && isAlive(state.master)) || readLockHolder(masterLockFile(directory)) !== null;
    return { url: `http://127.0.0.1:${state.httpPort}`, tokenFile: localTokenFile(directory), runs };
  } catch {
    // A damaged state is for `sgrid up` and `down` to report; here it only means that there is no local system.
    return null;
  }
}

function normalize(url: string): string {
  try {
    return parseMasterAddress(url).text;
  } catch (error) {
    const { message, hint } = toWireError(error);
    throw new UsageError(message, hint);
  }
}
