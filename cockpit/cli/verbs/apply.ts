import type { Command } from 'commander';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { count } from '../../format/quantity.ts';
import { carryOut } from '../apply/carry-out.ts';
import type { ApplyDocument } from '../apply/document.ts';
import { type ApplyStep, planApply } from '../apply/plan.ts';
import { demandYes } from '../confirm.ts';
import { withMaster } from '../connect.ts';
import { EXIT, ExitWith, exitCodeOf } from '../exit-code.ts';
import { type CliIo, printLine } from '../io.ts';
import type { CliContext } from '../program.ts';

const FILE = ['-f, --file <file>', 'YAML, one document a service; "-" is standard input'] as const;
const PRUNE = ['--prune', 'also remove instances that a service has and its document does not list'] as const;

export function registerApply(program: Command, { io, act }: CliContext): void {
  program
    .command('apply')
    .requiredOption(...FILE)
    .option(...PRUNE)
    .option('--yes', 'remove without asking')
    .option('--dry-run', 'only say what would be done')
    .description('make services and instances what a file says')
    .addHelpText(
      'after',
      `
What a document leaves out stays as it is, and what no document names is not touched. Instances that a document does not list, though
it lists others of its service, are named; they stay without --prune. Done again, it changes nothing. The format is in docs/CLI.md.

Examples:
  sgrid diff -f web.yaml
  sgrid apply -f web.yaml
  sgrid apply -f web.yaml --prune --yes
`,
    )
    .action(
      act(async (options) => {
        const documents = await read(io, options);
        await withMaster(options, io, async (client) => {
          const steps = await plan(client, io, documents, options.prune === true);
          if (steps.length === 0) return printLine(io.stdout, 'nothing to change');
          if (options.dryRun === true) {
            for (const { text } of steps) printLine(io.stdout, text);
            return;
          }
          await apply(client, io, steps, options.yes === true);
        });
      }),
    );
  program
    .command('diff')
    .requiredOption(...FILE)
    .option(...PRUNE)
    .description('say what "sgrid apply" would change')
    .addHelpText(
      'after',
      `
Exit status, as that of diff(1): 0 nothing, 1 something, more than 1 it could not be found out (2 for a mistake in the file too).

Example:
  sgrid diff -f web.yaml || sgrid apply -f web.yaml
`,
    )
    .action(
      act(async (options) => {
        let steps: ApplyStep[];
        try {
          const documents = await read(io, options);
          steps = await withMaster(options, io, (client) =>
            plan(client, io, documents, options.prune === true),
          );
        } catch (error) {
          if (error instanceof ExitWith) throw error;
          // 1 is an answer here, and no trouble.
          const code = exitCodeOf(error);
          throw new ExitWith(code === EXIT.failed ? EXIT.usage : code, error);
        }
        for (const { text } of steps) printLine(io.stdout, text);
        if (steps.length > 0) throw new ExitWith(EXIT.failed);
      }),
    );
}

/** Loaded when it is needed: YAML's parser is the largest part of it. */
async function read(io: CliIo, { file }: Record<string, unknown>): Promise<ApplyDocument[]> {
  const { readApplyFile } = await import('../apply/read-file.ts');
  return await readApplyFile(io, String(file));
}

/** The steps; what is there beside them, and stays, is told on standard error. */
async function plan(
  client: MasterClient,
  io: CliIo,
  documents: readonly ApplyDocument[],
  isPruning: boolean,
): Promise<ApplyStep[]> {
  const { services } = await client.call('service.list', {});
  const { instances, nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const { steps, removals } = planApply(documents, { services, instances, nodes });
  if (!isPruning)
    for (const { words } of removals)
      printLine(io.stderr, `sgrid: ${words} is there and not listed: it stays; --prune removes it`);
  const wanted = isPruning ? [...steps, ...removals] : steps;
  return await Promise.all(wanted.map((step) => withRestarts(client, step)));
}

/** A service that is changed says whom that restarts, as `sgrid service update --dry-run` does. */
async function withRestarts(client: MasterClient, step: ApplyStep): Promise<ApplyStep> {
  const link = client.link();
  // A viewer may not ask, and each refusal is an event.
  if (step.type !== 'update-service' || link.state !== 'up' || link.role === 'viewer') return step;
  try {
    const { instances } = await client.call('service.update', { spec: step.spec, dryRun: true });
    const restarted = instances.filter(({ effect }) => effect === 'restart');
    if (restarted.length === 0) return step;
    const ids = restarted.map(({ instanceId }) => instanceId).join(', ');
    return { ...step, text: `${step.text}\n    restarted, one after another: ${ids}` };
  } catch (error) {
    // It may need what another step makes first, or the context is read-only; then it says no more than before.
    if (error instanceof SgridError) return step;
    throw error;
  }
}

async function apply(
  client: MasterClient,
  io: CliIo,
  steps: readonly ApplyStep[],
  isConfirmed: boolean,
): Promise<void> {
  const removals = steps.filter(({ type }) => type === 'remove');
  if (removals.length > 0) {
    for (const { text } of removals) printLine(io.stderr, text);
    await demandYes(io, isConfirmed, { question: `stop and remove ${count(removals.length, 'instance')}` });
  }
  for (const step of steps) {
    await carryOut(client, step);
    printLine(io.stdout, step.text);
  }
}
