import { randomBytes, randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { explainFileError, writeFileAtomic } from '../common/system/atomic-file.ts';
import { acquireLock } from '../common/system/lock-file.ts';
import { isLoopback } from '../common/system/own-address.ts';
import { createFirstTokens, createTokenFiles } from './access/first-tokens.ts';
import { createMaster, type Master } from './app.ts';
import { finishRestore } from './backup/finish-restore.ts';
import type { MasterConfig } from './config.ts';
import { createKeyring } from './config-files/keyring.ts';
import { createPackageStore } from './http/package-store.ts';
import type { MasterLimits } from './limits.ts';
import { openStore } from './store/open-store.ts';
import { certificateOf } from './tls.ts';
import { readWebhooks } from './webhooks/read-webhooks.ts';

export interface StartOptions {
  config: Omit<MasterConfig, 'logLevel'>;
  logger: Logger;
  version: string;
  limits?: Partial<MasterLimits>;
}

/**
 * A whole master on a state directory: lock, database, first tokens, listening. What fails half-way leaves nothing
 * open behind.
 *
 * @throws SgridError with what to do, for everything that a person can mend.
 */
export async function startMaster({ config, logger, version, limits }: StartOptions): Promise<Master> {
  const stateDir = resolve(config.stateDir);
  const now = Date.now;
  const opened: (() => void | Promise<void>)[] = [];
  const closeAll = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    makeStateDirectory(stateDir);
    const lock = acquireLock(join(stateDir, 'master.pid'), stateDir, config.httpPort || undefined);
    opened.push(lock.release);
    const database = resolve(config.db ?? join(stateDir, 'sgridnext.db'));
    const restoredOver = await finishRestore(stateDir, database);
    if (restoredOver !== null)
      logger.info({ before: restoredOver }, 'a restore that was cut off is finished');
    const certificate = await certificateOf(config, stateDir, now());
    if (certificate === null && !isLoopback(config.host))
      logger.warn(
        { host: config.host },
        'no TLS: whoever is on the way to this address can read tokens and secrets',
      );
    const store = await openStore({ file: database, now });
    opened.push(store.close);
    if (store.migratedFromBackup !== null) {
      logger.info(
        { backup: store.migratedFromBackup },
        'the database was migrated; this is how it was before',
      );
    }
    const tokensDirectory = join(stateDir, 'tokens');
    const tokenFiles = await createFirstTokens({
      tokens: store.tokens,
      directory: tokensDirectory,
      randomBytes,
      now,
    });
    if (tokenFiles.length > 0)
      logger.info({ tokenFiles }, 'first tokens written; only this user can read them');
    const packages = createPackageStore(join(stateDir, 'packages'));
    const master = await createMaster({
      store,
      keyring: createKeyring({ file: `${database}.keys`, randomBytes }),
      packages,
      renewTokenFile: createTokenFiles(tokensDirectory),
      logger,
      now,
      newId: randomUUID,
      version,
      webhooks: readWebhooks(config.webhooks ?? []),
      host: config.host,
      port: config.httpPort,
      ...(certificate && { certificate }),
      limits: { ...limits, maxPackageBytes: config.maxPackageBytes },
    });
    opened.push(master.close);
    // For scripts that set up agents and cockpits; nothing in it is secret.
    writeFileAtomic(join(stateDir, 'address'), `${master.url}\n`, 0o644);
    return { ...master, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

function makeStateDirectory(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw explainFileError(error, stateDir);
  }
}
