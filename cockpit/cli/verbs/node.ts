import type { Command } from 'commander';
import type { CockpitToMaster } from '../../../common/protocol/cockpit-link.ts';
import type { Result } from '../../../common/protocol/define.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import { callChange } from '../../client/change.ts';
import { count } from '../../format/quantity.ts';
import { withMaster } from '../connect.ts';
import { resolveNode } from '../instance-name.ts';
import { printLine } from '../io.ts';
import type { CliContext } from '../program.ts';
import { formatTable, type TextColumn } from '../table.ts';
import { registerNodeDrain } from './node-drain.ts';

const NODE = ['<node>', 'alias or id of the node'] as const;

export function registerNode(program: Command, context: CliContext): void {
  const node = program
    .command('node')
    .description('cordon, drain, replace and remove nodes')
    .addHelpText(
      'after',
      `
Examples:
  sgrid node cordon alpha
  sgrid node drain alpha --dry-run
  sgrid node remove alpha
`,
    );
  for (const verb of ['cordon', 'uncordon'] as const) registerCordon(node, context, verb);
  registerNodeDrain(node, context);
  registerSet(node, context);
  registerReplace(node, context);
  registerAdopt(node, context);
  registerRemove(node, context);
}

function registerCordon(node: Command, { io, act }: CliContext, verb: 'cordon' | 'uncordon'): void {
  const isCordoned = verb === 'cordon';
  node
    .command(verb)
    .argument(...NODE)
    .description(isCordoned ? 'give it no new instances' : 'give it new instances again')
    .addHelpText('after', `\nExample:\n  sgrid node ${verb} alpha\n`)
    .action(
      act((options, name) =>
        withMaster(options, io, async (client) => {
          const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), nodes);
          await callChange(client, 'node.cordon', { nodeId, isCordoned });
          printLine(io.stdout, `node ${nodeId} (${alias}) is ${isCordoned ? '' : 'no longer '}cordoned`);
        }),
      ),
    );
}

function registerSet(node: Command, { io, act }: CliContext): void {
  node
    .command('set')
    .argument(...NODE)
    .requiredOption('--outer-address <address>', 'where it is reached from outside; empty for none')
    .description('say of a node what its agent cannot know')
    .addHelpText('after', '\nExample:\n  sgrid node set alpha --outer-address 203.0.113.7\n')
    .action(
      act((options, name) =>
        withMaster(options, io, async (client) => {
          const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), nodes);
          const outerAddress = String(options.outerAddress);
          await callChange(client, 'node.update', { nodeId, outerAddress });
          printLine(io.stdout, `node ${nodeId} (${alias}): outer address ${outerAddress || 'none'}`);
        }),
      ),
    );
}

function registerReplace(node: Command, { io, act }: CliContext): void {
  node
    .command('replace')
    .argument(...NODE)
    .description('let the next agent that claims it have it: its machine was replaced')
    .addHelpText(
      'after',
      '\nThe new agent gets the instances of the node.\n\nExample:\n  sgrid node replace 3\n',
    )
    .action(
      act((options, name) =>
        withMaster(options, io, async (client) => {
          const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), nodes);
          await callChange(client, 'node.replace', { nodeId });
          printLine(io.stdout, `node ${nodeId} (${alias}): the next agent with nodeIndex ${nodeId} has it`);
        }),
      ),
    );
}

type Adopted = Result<CockpitToMaster, 'node.adopt'>['instances'][number];

const ADOPTED_COLUMNS: readonly TextColumn<Adopted>[] = [
  { title: 'ID', align: 'right', text: ({ instanceId }) => String(instanceId) },
  { title: 'SERVICE', text: ({ serviceName }) => serviceName },
  { title: 'ADDRESS', text: ({ host, port }) => `${host}:${port}` },
  { title: 'RELEASE', text: ({ version }) => version ?? '' },
  { title: 'DESIRED', text: ({ desired }) => desired },
  { title: 'LOST FILES', text: ({ lostFiles }) => lostFiles.join(', ') },
  { title: 'ERROR', text: ({ error }) => error?.message ?? '' },
];

function registerAdopt(node: Command, { io, act }: CliContext): void {
  node
    .command('adopt')
    .argument(...NODE)
    .option('--dry-run', 'only say which instances it would be')
    .description('take up what runs on it and this master does not know, since its database was lost')
    .addHelpText(
      'after',
      '\nServices, releases and config files come with them, as the node holds them. Files with secrets stay where they are, and are\nnamed: set and publish them again. Nothing is started, stopped or restarted.\n\nExamples:\n  sgrid node adopt alpha --dry-run\n  sgrid node adopt alpha\n',
    )
    .action(
      act((options, name) =>
        withMaster(options, io, async (client) => {
          const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), nodes);
          const dryRun = options.dryRun === true;
          const { instances } = await callChange(client, 'node.adopt', { nodeId, dryRun });
          for (const line of formatTable(ADOPTED_COLUMNS, instances)) printLine(io.stdout, line);
          const failed = instances.filter(({ error }) => error !== null);
          const taken = instances.length - failed.length;
          printLine(
            io.stderr,
            `node ${nodeId} (${alias}): ${count(taken, 'instance')} ${dryRun ? 'would be ' : ''}taken up`,
          );
          if (failed.length > 0)
            throw new SgridError('conflict', `${failed.length} of ${instances.length} were not taken up`);
        }),
      ),
    );
}

function registerRemove(node: Command, { io, act }: CliContext): void {
  node
    .command('remove')
    .argument(...NODE)
    .option('--force', 'with the instances on it, which may go on running there')
    .description('forget a node that is not connected')
    .addHelpText(
      'after',
      '\nWith --force it takes its alias, and the names of protected services on it.\n\nExample:\n  sgrid node remove 3 --force --confirm alpha\n',
    )
    .action(
      act((options, name) =>
        withMaster(options, io, async (client) => {
          const { nodes } = await client.call('fleet.watch', { scope: { kind: 'all' } });
          const { nodeId, alias } = resolveNode(String(name), nodes);
          await callChange(client, 'node.remove', { nodeId, force: options.force === true });
          printLine(io.stdout, `node ${nodeId} (${alias}) removed`);
        }),
      ),
    );
}
