import { chmodSync, closeSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { Kysely } from 'kysely';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { type ConfigRepository, createConfigRepository } from './config-files.ts';
import { createSecretRepository, type SecretRepository } from './config-secrets.ts';
import { createEventRepository, type EventRepository } from './events.ts';
import { groupTransactions } from './grouped-transactions.ts';
import { createHistoryRepository, type HistoryRepository } from './history.ts';
import { createInstanceRepository, type InstanceRepository } from './instances.ts';
import { migrate } from './migrate.ts';
import { MIGRATIONS, type Migration } from './migrations/index.ts';
import { createNodeRepository, type NodeRepository } from './nodes.ts';
import { createReleaseRepository, type ReleaseRepository } from './releases.ts';
import { createRolloutRepository, type RolloutRepository } from './rollouts.ts';
import type { Database } from './schema.ts';
import { createServiceRepository, type ServiceRepository } from './services.ts';
import { createDialect } from './sqlite-dialect.ts';
import { createTokenRepository, type TokenRepository } from './tokens.ts';
import { createWebhookRepository, type WebhookRepository } from './webhooks.ts';

/** One repository per noun of what is wanted and known, all over the same connection or transaction. */
export interface Repositories {
  nodes: NodeRepository;
  services: ServiceRepository;
  releases: ReleaseRepository;
  instances: InstanceRepository;
  rollouts: RolloutRepository;
  events: EventRepository;
  tokens: TokenRepository;
  webhooks: WebhookRepository;
  configs: ConfigRepository;
  secrets: SecretRepository;
}

export interface Store extends Repositories {
  /** Over a connection of its own, which does not wait for the disk. */
  readonly history: HistoryRepository;
  /**
   * Runs `work` in one transaction; an exception undoes all of it. Only the repositories passed in may be used inside:
   * there is one connection, and the store's own would wait for it for ever. Those that wait at the same time are committed
   * together; each is answered when it is durable.
   *
   * @throws SgridError besides what `work` throws: `no_space`, `permission_denied`, `conflict` when another process holds it
   */
  transaction<T>(work: (repositories: Repositories) => Promise<T>): Promise<T>;
  /** @throws SgridError `no_space` when nothing more can be kept, or soon cannot */
  demandSpace(): Promise<void>;
  /** Where the copy was put that was made before migrating, or null. */
  readonly migratedFromBackup: string | null;
  close(): Promise<void>;
}

/** Below this a commit may not find the pages that it needs. */
const LEAST_FREE_BYTES = 1024 ** 2;

export interface OpenStoreOptions {
  /** Path of the database file; it and its directory are made when absent. */
  file: string;
  now: () => number;
  migrations?: readonly Migration[];
}

/**
 * Opens the database, with its migrations applied.
 *
 * @throws SgridError `conflict` for a schema from the future, `permission_denied`, `no_space`, and `internal` when the
 * file is no database or fails its quick check.
 */
export async function openStore(options: OpenStoreOptions): Promise<Store> {
  const { file, now, migrations = MIGRATIONS } = options;
  createPrivately(file);
  const sqlite = openSqlite(file);
  const db = new Kysely<Database>({ dialect: createDialect(sqlite) });
  let backup: string | null = null;
  let figures: Sqlite.Database;
  try {
    await migrate(db, migrations, now(), async (fromVersion) => {
      backup = `${file}.v${fromVersion}-${new Date(now()).toISOString().replaceAll(':', '-')}.bak`;
      await sqlite.backup(backup);
      chmodSync(backup, 0o600);
    });
    // Nobody misses the last seconds of figures after a power cut: a commit with NORMAL waits for no disk
    // (sqlite.org/pragma.html#pragma_synchronous). What is committed with FULL is as durable as without it, and in its order.
    figures = connect(file, 'NORMAL', 100);
  } catch (error) {
    sqlite.close();
    throw explainSqliteError(error, file);
  }
  const figuresDb = new Kysely<Database>({ dialect: createDialect(figures) });
  const inTransaction = groupTransactions(db);
  return {
    ...createRepositories(db),
    // SQLite has one writer, and a busy one would be waited for by the very thread that it needs to go on: whoever holds the
    // first connection, if only to write to the second, is alone.
    history: createHistoryRepository(figuresDb, (write) => db.connection().execute(write)),
    transaction: (work) =>
      inTransaction((transaction) => work(createRepositories(transaction))).catch((error: unknown) => {
        throw explainSqliteError(error, file);
      }),
    async demandSpace() {
      const { bavail, bsize } = await statfs(dirname(file));
      if (bavail * bsize < LEAST_FREE_BYTES)
        throw explainFileError(Object.assign(new Error('nearly full'), { code: 'ENOSPC' }), file);
    },
    migratedFromBackup: backup,
    async close() {
      await figuresDb.destroy();
      await db.destroy();
      // Kysely closes only what it has used.
      for (const connection of [figures, sqlite]) if (connection.open) connection.close();
    },
  };
}

function createRepositories(db: Kysely<Database>): Repositories {
  return {
    nodes: createNodeRepository(db),
    services: createServiceRepository(db),
    releases: createReleaseRepository(db),
    instances: createInstanceRepository(db),
    rollouts: createRolloutRepository(db),
    events: createEventRepository(db),
    tokens: createTokenRepository(db),
    webhooks: createWebhookRepository(db),
    configs: createConfigRepository(db),
    secrets: createSecretRepository(db),
  };
}

/** SQLite would make it readable by all; it gives its -wal and -shm files the mode that the database has. */
function createPrivately(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw explainFileError(error, file);
  }
}

function openSqlite(file: string): Sqlite.Database {
  let sqlite: Sqlite.Database | null = null;
  try {
    // FULL, not NORMAL: in WAL, NORMAL may lose the last commits when the machine loses power. A revision that an
    // agent has applied would then be given out again with another content, and that agent would ignore it.
    sqlite = connect(file, 'FULL', 5_000);
    const check = sqlite.pragma('quick_check(1)', { simple: true });
    if (check !== 'ok') throw corrupt(file, String(check));
    return sqlite;
  } catch (error) {
    sqlite?.close();
    throw explainSqliteError(error, file);
  }
}

/**
 * A checkpoint waits for the disk, also after a commit that does not (sqlite.org/wal.html#ckpt). A flush of the figures of 1,000
 * nodes changes some 1,700 pages, mostly the same ones: with SQLite's 1,000 it made three checkpoints in two flushes, with
 * 8,000 it makes one in four. The log has up to 32 MiB for it.
 */
const CHECKPOINT_PAGES = 8_000;

/** @param busyMs how long it waits, and everything else with it, for another process that writes */
function connect(file: string, synchronous: 'FULL' | 'NORMAL', busyMs: number): Sqlite.Database {
  const sqlite = new Sqlite(file, { timeout: busyMs });
  try {
    sqlite.pragma('journal_mode = WAL');
    sqlite.pragma(`synchronous = ${synchronous}`);
    sqlite.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
    sqlite.pragma('foreign_keys = ON');
    return sqlite;
  } catch (error) {
    sqlite.close();
    throw error;
  }
}

export function isNearlyFull(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize < LEAST_FREE_BYTES;
}

function corrupt(file: string, problem: string, cause?: unknown): SgridError {
  return new SgridError('internal', `the database ${file} is damaged: ${problem}`, {
    hint: 'move it away and restore a backup; running services are not affected',
    cause,
  });
}

/** What SQLite says, with what to do about it; anything else as it is. */
export function explainSqliteError(error: unknown, file: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const { code, message } = error;
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return corrupt(file, message, error);
  if (code.startsWith('SQLITE_FULL')) {
    return explainFileError(Object.assign(new Error(message), { code: 'ENOSPC', cause: error }), file);
  }
  if (code.startsWith('SQLITE_IOERR')) {
    // What it calls so on a full disk is that the file could not be made which its readers share (SQLITE_IOERR_SHMSIZE).
    if (isNearlyFull(dirname(file)))
      return explainFileError(Object.assign(new Error(message), { code: 'ENOSPC', cause: error }), file);
    return new SgridError(
      'internal',
      `the database ${file} cannot be read or written: ${message} (${code})`,
      {
        hint: 'its disk or file system fails: look at dmesg; running services are not affected',
        cause: error,
      },
    );
  }
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM') {
    return explainFileError(Object.assign(new Error(message), { code: 'EACCES', cause: error }), file);
  }
  if (code.startsWith('SQLITE_BUSY')) {
    return new SgridError('conflict', `the database ${file} is locked by another process`, {
      hint: 'end whatever has it open',
      cause: error,
    });
  }
  return error;
}
