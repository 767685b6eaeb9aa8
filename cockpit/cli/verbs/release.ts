import type { Command } from 'commander';
import type { PackageDiff } from '../../../common/domain/release.ts';
import { callChange } from '../../client/change.ts';
import { plainText } from '../../format/plain-text.ts';
import { formatBytes } from '../../format/quantity.ts';
import { withMaster } from '../connect.ts';
import { printLine } from '../io.ts';
import { addOutputOption, ONE_THING, printObject } from '../output.ts';
import type { CliContext } from '../program.ts';
import { findRelease } from './deploy.ts';

export function registerRelease(program: Command, { io, act }: CliContext): void {
  const release = program
    .command('release')
    .description('compare and remove releases')
    .addHelpText(
      'after',
      `
Examples:
  sgrid release diff web 1.3.9 1.4.0
  sgrid release remove web 1.3.8
`,
    );
  const diff = release
    .command('diff')
    .argument('<service>', 'the service')
    .argument('<from>', 'a version')
    .argument('<to>', 'another one');
  addOutputOption(diff, ONE_THING)
    .description('how the files of two releases differ')
    .addHelpText(
      'after',
      '\nExamples:\n  sgrid release diff web 1.4.0 1.5.0\n  sgrid release diff web 1.4.0 1.5.0 -o json | jq .counts\n',
    )
    .action(
      act((options, service, from, to) =>
        withMaster(options, io, async (client) => {
          const [before, after] = [
            await findRelease(client, String(service), String(from)),
            await findRelease(client, String(service), String(to)),
          ];
          const ids = { fromReleaseId: before.releaseId, toReleaseId: after.releaseId };
          const { diff } = await client.call('release.diff', ids);
          if (options.output !== 'table') await printObject(io, diff, options.output as 'json' | 'yaml');
          else for (const line of diffLines(diff)) printLine(io.stdout, line);
        }),
      ),
    );
  release
    .command('remove')
    .argument('<service>', 'the service')
    .argument('<version...>', 'releases that no instance needs')
    .description('remove releases from the master')
    .addHelpText('after', '\nExample:\n  sgrid release remove web 1.3.0 1.3.1\n')
    .action(
      act((options, service, versions) =>
        withMaster(options, io, async (client) => {
          const releaseIds: number[] = [];
          for (const version of versions as string[]) {
            releaseIds.push((await findRelease(client, String(service), version)).releaseId);
          }
          await callChange(client, 'release.remove', { releaseIds });
          printLine(io.stdout, `${service} ${(versions as string[]).join(', ')} removed`);
        }),
      ),
    );
}

/** As `git diff --name-status` writes it. */
function diffLines({ counts, added, removed, changed }: PackageDiff): string[] {
  return [
    ...added.map(({ path, sizeBytes }) => `A  ${plainText(path)}  ${formatBytes(sizeBytes)}`),
    ...removed.map(({ path, sizeBytes }) => `D  ${plainText(path)}  ${formatBytes(sizeBytes)}`),
    ...changed.map(
      ({ path, from, to }) =>
        `M  ${plainText(path)}  ${formatBytes(from.sizeBytes)} -> ${formatBytes(to.sizeBytes)}`,
    ),
    `${counts.added} added, ${counts.removed} removed, ${counts.changed} changed, ${counts.unchanged} unchanged`,
  ];
}
