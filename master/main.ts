import { Command, CommanderError } from 'commander';
import { pino } from 'pino';
import { loadConfig } from '../common/config/load-config.ts';
import { printFindings } from '../common/doctor/finding.ts';
import { toWireError } from '../common/protocol/errors.ts';
import { createServiceManager } from '../common/system/service-manager.ts';
import { addTasks, runTask, type Task } from './backup/task.ts';
import { type MasterConfig, masterConfigSchema } from './config.ts';
import { examineMaster } from './doctor.ts';
import { startMaster } from './start.ts';

export interface MainOptions {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  version: string;
  /** Resolves when the process is asked to end. */
  stopped: () => Promise<string>;
}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

/** The command `sgridnext`. @returns its exit status. */
export async function main(options: MainOptions): Promise<number> {
  const { stdout, stderr, version } = options;
  let task: Task | null = null;
  const command = buildCommand(options, (chosen) => {
    task = chosen;
  });
  let config: MasterConfig;
  let notices: string[];
  try {
    command.parse([...options.argv], { from: 'user' });
    const {
      config: file,
      checkConfig: _,
      doctor: __,
      ...flags
    } = command.opts<Record<string, string | undefined>>();
    const sources = { file, fileMustExist: true, env: options.env, envPrefix: 'SGRIDNEXT_', flags };
    ({ config, notices } = loadConfig(masterConfigSchema, sources));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    printError(stderr, error);
    return EXIT_USAGE;
  }
  if (command.opts<{ checkConfig?: boolean }>().checkConfig === true) {
    stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    return 0;
  }

  if (command.opts<{ doctor?: boolean }>().doctor === true)
    return printFindings(await examineMaster(config, Date.now), stdout);

  if (task !== null) return runTask(task, config, options);

  const logger = pino({ level: config.logLevel, base: null }, { write: (line) => void stderr.write(line) });
  for (const notice of notices) logger.warn(notice);
  try {
    const manager = createServiceManager({
      env: options.env,
      pid: process.pid,
      onError: (err) => logger.warn({ err }, 'systemd could not be told'),
    });
    const master = await startMaster({ config, logger, version });
    logger.info({ url: master.url, version }, 'sgridnext is ready');
    await manager.ready(`serves ${master.url}`);
    logger.info({ signal: await options.stopped() }, 'stopping; services go on running');
    manager.close();
    await manager.stopping();
    await master.close();
    return 0;
  } catch (error) {
    if (toWireError(error).code === 'internal') logger.fatal({ err: error }, 'sgridnext failed');
    printError(stderr, error);
    return EXIT_FAILED;
  }
}

function buildCommand({ stdout, stderr, version }: MainOptions, onTask: (task: Task) => void): Command {
  const command = new Command('sgridnext')
    .description('The master of SgridNext: agents and cockpits connect to it.')
    .option('--config <file>', 'JSON file with the keys below in camelCase')
    .option('--db <file>', 'database file (default: <stateDir>/sgridnext.db)')
    .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
    .option('--http-port <port>', 'port for everything, 0 for a free one (default: 15872)')
    .option('--state-dir <directory>', 'database, packages, first tokens (default: /var/lib/sgridnext)')
    .option('--tls <on>', 'encrypt the port: true or false (default: false)')
    .option('--tls-cert-file <file>', 'certificate in PEM (default: one made in <stateDir>/tls)')
    .option('--tls-key-file <file>', 'its private key in PEM')
    .option('--allow-plain-text <on>', 'without TLS also where others can listen (default: false)')
    .option('--max-package-bytes <bytes>', 'largest package that is taken (default: 2 GiB)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)')
    .option('--check-config', 'print the configuration that would be used, and exit')
    .option('--doctor', 'look for what commonly goes wrong, say what to do, and exit (1: something is bad)')
    .version(version)
    .addHelpText(
      'after',
      `
Every key can also be set in the environment, for example SGRIDNEXT_HTTP_PORT; flags win over the
environment, the environment over the file.

Examples:
  sgridnext --state-dir ./state
  sgridnext --config /usr/sgridnext/config.json --check-config`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .action(() => {});
  addTasks(command, onTask);
  return command;
}

function printError(stderr: NodeJS.WritableStream, error: unknown): void {
  const { message, hint } = toWireError(error);
  stderr.write(`sgridnext: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
}
