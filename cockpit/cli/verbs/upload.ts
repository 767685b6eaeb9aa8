import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { versionLabelSchema } from '../../../common/domain/names.ts';
import type { Release } from '../../../common/domain/release.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { withMaster } from '../connect.ts';
import { UsageError } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { createProgress, transferWords } from '../progress.ts';

export function registerUpload(program: Command, { io, act }: CliContext): void {
  program
    .command('upload')
    .argument('<service>', 'name of the service')
    .argument('<archive>', 'a tar archive, gzipped or not')
    .requiredOption('--version <label>', 'version label of the release')
    .option('-m, --message <text>', 'what is new in it', '')
    .description('upload a package as a new release')
    .addHelpText('after', '\nExample:\n  sgrid upload web ./web.tar.gz --version 1.4.0\n')
    .action(
      act(async (options, service, archive) => {
        const version = parseVersion(options.version);
        const release = await withMaster(options, io, (client) =>
          uploadWithProgress(client, io, {
            serviceName: String(service),
            file: String(archive),
            version,
            message: String(options.message),
          }),
        );
        printLine(
          io.stdout,
          `release ${release.version} of ${release.serviceName} uploaded, id ${release.releaseId}`,
        );
      }),
    );
}

export function parseVersion(value: unknown): string {
  const version = versionLabelSchema.safeParse(value);
  if (version.success) return version.data;
  throw new UsageError(
    `--version "${value}" ${version.error.issues[0]?.message ?? 'is not a version label'}`,
  );
}

export async function uploadWithProgress(
  client: MasterClient,
  io: CliIo,
  upload: { serviceName: string; file: string; version: string; message: string },
): Promise<Release> {
  if (!existsSync(resolve(io.cwd, upload.file)))
    throw new UsageError(`there is no archive ${upload.file}`, 'check the path');
  const progress = createProgress(io, `upload ${basename(upload.file)}`);
  try {
    return await client.upload({
      ...upload,
      file: resolve(io.cwd, upload.file),
      onProgress: (sentBytes, totalBytes) => {
        const { share, figures } = transferWords(sentBytes, totalBytes);
        progress.show(share, figures);
      },
      signal: io.signal,
    });
  } finally {
    progress.end('keep');
  }
}
