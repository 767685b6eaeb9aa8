import type { Command } from 'commander';
import { UsageError } from '../exit-code.ts';
import type { CliContext, Options } from '../program.ts';
import { stateDirectoryOf } from '../target.ts';

/** `sgrid up` and `sgrid down`: a whole system on this machine, for trying out and for developing. */
export function registerLocal(program: Command, { io, act }: CliContext): void {
  program
    .command('up')
    .option('--state-dir <directory>', 'where its state lies (SGRID_STATE_DIR; default: ./.sgrid)')
    .option('--http-port <port>', 'port of the master (SGRID_HTTP_PORT; default: 15872, 0: any)')
    .option('--node-port <port>', 'port of the agent (SGRID_NODE_PORT; default: 25528, 0: any)')
    .option(
      '--sample-port <port>',
      'first port to try for the sample services (SGRID_SAMPLE_PORT; default: 18080)',
    )
    .description('bring up a master and an agent on this machine, with sample services, and open the cockpit')
    .addHelpText(
      'after',
      '\nExamples:\n  sgrid up\n  sgrid up --state-dir /tmp/try --http-port 0 --node-port 0\n',
    )
    .action(
      act(async (options) => {
        const [{ up }, layout] = [await import('../local/up.ts'), await layoutFor(options)];
        const wanted = {
          httpPort: portOf(options.httpPort ?? io.env.SGRID_HTTP_PORT, '--http-port'),
          nodePort: portOf(options.nodePort ?? io.env.SGRID_NODE_PORT, '--node-port'),
          samplePort: portOf(options.samplePort ?? io.env.SGRID_SAMPLE_PORT, '--sample-port', 1),
        };
        await up(layout, wanted, io);
      }),
    );
  program
    .command('down')
    .option('--state-dir <directory>', 'where its state lies (SGRID_STATE_DIR; default: ./.sgrid)')
    .option('--purge', 'remove its state too: database, packages, logs')
    .description('stop what "sgrid up" brought up, services included')
    .addHelpText('after', '\nExamples:\n  sgrid down\n  sgrid down --purge\n')
    .action(
      act(async (options) => {
        const [{ down }, layout] = [await import('../local/down.ts'), await layoutFor(options)];
        // Only where no record is left to say it.
        const ports = {
          httpPort: portOf(io.env.SGRID_HTTP_PORT, 'SGRID_HTTP_PORT'),
          nodePort: portOf(io.env.SGRID_NODE_PORT, 'SGRID_NODE_PORT'),
        };
        await down(layout, { purge: options.purge === true, ports }, io);
      }),
    );

  async function layoutFor(options: Options) {
    const { layoutOf } = await import('../local/layout.ts');
    return layoutOf(stateDirectoryOf(io, options.stateDir as string | undefined), io.distDirectory);
  }
}

function portOf(value: unknown, flag: string, least: 0 | 1 = 0): number | undefined {
  if (value === undefined || value === '') return undefined;
  const port = Number(value);
  if (Number.isInteger(port) && port >= least && port <= 65_535) return port;
  throw new UsageError(
    `${flag} "${value}" is not a port`,
    `choose one from 1 to 65535${least === 0 ? ', or 0 for any' : ''}`,
  );
}
