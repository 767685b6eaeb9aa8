import { constants } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { describeError, SgridError } from '../../common/protocol/errors.ts';
import type { MasterConfig } from '../config.ts';
import { createBackup } from './create-backup.ts';
import { restoreBackup } from './restore-backup.ts';

/** What `sgridnext` does instead of serving. */
export type Task =
  | {
      readonly verb: 'backup';
      readonly file: string;
      readonly withPackages: boolean;
      readonly force: boolean;
    }
  | { readonly verb: 'restore'; readonly file: string; readonly force: boolean };

/** @param onTask told of the one that the command line asks for. */
export function addTasks(command: Command, onTask: (task: Task) => void): void {
  command
    .command('backup')
    .argument('<file>', 'the archive to write')
    .option('--packages', 'with the packages of all releases')
    .option('--force', 'put it in the place of a file that is there')
    .description('write what cannot be made anew into one archive; the master may run')
    .addHelpText(
      'after',
      '\nIt holds the database, keys and tokens: keep it as you keep those.\n\nExample:\n  sgridnext backup --state-dir /var/lib/sgridnext /backup/sgridnext.tar.gz\n',
    )
    .action((file: string, { packages, force }: { packages?: boolean; force?: boolean }) =>
      onTask({ verb: 'backup', file, withPackages: packages === true, force: force === true }),
    );
  command
    .command('restore')
    .argument('<file>', 'an archive that "sgridnext backup" wrote')
    .option('--force', 'in the place of a database that is there; what was there is moved aside')
    .description('put a backup in the place of the state; the master must not run')
    .addHelpText(
      'after',
      '\nExample:\n  sgridnext restore --state-dir /var/lib/sgridnext /backup/sgridnext.tar.gz\n',
    )
    .action((file: string, { force }: { force?: boolean }) =>
      onTask({ verb: 'restore', file, force: force === true }),
    );
}

export interface TaskOptions {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  version: string;
  /** Resolves with the signal's name when the process is asked to end. */
  stopped: () => Promise<string>;
}

/** @returns the exit status: 1 when it did not work, 128 and the number of the signal that ended it. */
export async function runTask(
  task: Task,
  config: MasterConfig,
  { stdout, stderr, version, stopped }: TaskOptions,
): Promise<number> {
  const stateDir = resolve(config.stateDir);
  const database = resolve(config.db ?? join(stateDir, 'sgridnext.db'));
  const { file, force: overwrite } = task;
  const now = Date.now;
  let endedBy: string | null = null;
  try {
    if (task.verb === 'backup') {
      const abort = new AbortController();
      void stopped().then((signal) => {
        endedBy = signal;
        abort.abort();
      });
      const { withPackages } = task;
      const { packages } = await createBackup({
        stateDir,
        database,
        file,
        withPackages,
        overwrite,
        now,
        version,
        signal: abort.signal,
      });
      stdout.write(`${file} written${withPackages ? `, with ${packages} packages` : ''}\n`);
      return 0;
    }
    const { manifest, aside } = await restoreBackup({ stateDir, database, file, overwrite, now });
    stdout.write(`restored as of ${new Date(manifest.createdAt).toISOString()}\n`);
    if (aside !== null) stdout.write(`what was there before is in ${aside}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof SgridError)) stderr.write(`${error instanceof Error ? error.stack : error}\n`);
    stderr.write(`sgridnext: ${describeError(error)}\n`);
    return endedBy === null ? 1 : 128 + (constants.signals[endedBy as NodeJS.Signals] ?? 0);
  }
}
