import type { Command } from 'commander';
import type { SgridEvent } from '../../../common/domain/event.ts';
import type { FleetSnapshot } from '../../../common/domain/fleet.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { plainText } from '../../format/plain-text.ts';
import { formatDate } from '../../format/time.ts';
import type { Line } from '../../view-model/line.ts';
import { withMaster } from '../connect.ts';
import { describedObjects } from '../describe-object.ts';
import { serviceLines } from '../describe-service.ts';
import { UsageError } from '../exit-code.ts';
import { INSTANCE_NAME_HELP, resolveInstances, resolveNode } from '../instance-name.ts';
import { type CliIo, printLine } from '../io.ts';
import { kindOf } from '../listing/kinds.ts';
import { addOutputOption, type OutputFormat, printObjects } from '../output.ts';
import type { CliContext } from '../program.ts';
import { findService } from './service.ts';

const COLUMNS = 100;
const SHOWN_EVENTS = 10;

export function registerDescribe(program: Command, { io, act }: CliContext): void {
  const command = program
    .command('describe')
    .argument('<kind>', 'node, service or instance')
    .argument('<name...>', 'which');
  addOutputOption(command, ['table', 'json', 'yaml', 'jsonl'])
    .description('tell all that is known of nodes, services or instances')
    .addHelpText(
      'after',
      `
With -o json, yaml or jsonl: what "sgrid get" prints, with releases and latestRollout of a service, events of an
instance, instanceIds of a node.
${INSTANCE_NAME_HELP}

Examples:
  sgrid describe node alpha
  sgrid describe service web
  sgrid describe instance web@alpha:8080
  sgrid describe service web -o json | jq '.[0].latestRollout.state'
`,
    )
    .action(
      act(async (options, kindName, names) => {
        const kind = kindOf(String(kindName), ['nodes', 'services', 'instances']);
        if (kind !== 'nodes' && kind !== 'services' && kind !== 'instances')
          throw new UsageError(`there is not more to tell of ${kind}`, `see "sgrid get ${kind} -o yaml"`);
        await withMaster(options, io, async (client) => {
          const fleet = await client.call('fleet.watch', { scope: { kind: 'all' } });
          if (options.output !== 'table') {
            const objects = await describedObjects(client, fleet, kind, names as string[], SHOWN_EVENTS);
            await printObjects(io, objects, options.output as OutputFormat);
            return;
          }
          for (const name of names as string[]) {
            for (const line of await describe(client, io, fleet, kind, name)) printLine(io.stdout, line);
          }
        });
      }),
    );
}

async function describe(
  client: MasterClient,
  io: CliIo,
  fleet: FleetSnapshot,
  kind: 'nodes' | 'services' | 'instances',
  name: string,
): Promise<string[]> {
  if (kind === 'services') {
    const service = await findService(client, name.replace(/^service\//, ''));
    const { serviceId } = service;
    const { releases } = await client.call('release.list', { serviceId });
    const { rollouts } = await client.call('rollout.list', { serviceId, limit: 1 });
    return textOf(serviceLines(service, fleet, releases, rollouts[0], COLUMNS));
  }
  if (kind === 'nodes') {
    const { nodeId } = resolveNode(name, fleet.nodes);
    return textOf(await screenLines(client, io, fleet, { kind: 'node', id: nodeId }));
  }
  const lines: string[] = [];
  for (const { instanceId } of resolveInstances([name], fleet)) {
    lines.push(...textOf(await screenLines(client, io, fleet, { kind: 'instance', id: instanceId })));
    const { events } = await client.call('event.list', { instanceId, limit: SHOWN_EVENTS });
    lines.push(...eventLines(events));
  }
  return lines;
}

/** What the cockpit's own page says. */
async function screenLines(
  client: MasterClient,
  io: CliIo,
  fleet: FleetSnapshot,
  target: { kind: 'node' | 'instance'; id: number },
): Promise<Line[]> {
  const { describeLines } = await import('../../view-model/describe.ts');
  const { initialState } = await import('../../store/initial.ts');
  const { applySnapshot, EMPTY_FLEET, seedHistories } = await import('../../store/fleet.ts');
  const now = io.clock();
  let known = applySnapshot(EMPTY_FLEET, fleet, now);
  if (target.kind === 'instance') {
    const { histories } = await client.call('figures.history', { instanceIds: [target.id] });
    known = seedHistories(known, histories);
  }
  const size = { columns: COLUMNS, rows: 50 };
  const state = initialState({ url: client.url, link: client.link(), size, now });
  return describeLines({ ...state, fleet: known }, target);
}

function textOf(lines: readonly Line[]): string[] {
  return lines.map(({ segments }) =>
    plainText(segments.map(({ text }) => text).join(''))
      .trimEnd()
      .replace(/^ /, ''),
  );
}

function eventLines(events: readonly SgridEvent[]): string[] {
  if (events.length === 0) return [];
  return [
    'Events, the latest first',
    ...events.map(({ at, kind, message }) => `  ${formatDate(at)}  ${kind}  ${plainText(message)}`),
    '',
  ];
}
