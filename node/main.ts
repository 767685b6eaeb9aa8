import { Command, CommanderError } from 'commander';
import { pino } from 'pino';
import { loadConfig } from '../common/config/load-config.ts';
import { printFindings } from '../common/doctor/finding.ts';
import { toWireError } from '../common/protocol/errors.ts';
import { createServiceManager } from '../common/system/service-manager.ts';
import { type AgentConfig, agentConfigSchema, IGNORED_KEYS } from './config.ts';
import { examineNode } from './doctor.ts';
import { startAgent } from './start.ts';

export interface MainOptions {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  version: string;
  shimFile: string;
  searchWorkerFile: string;
  unpackWorkerFile: string;
  /** Resolves when the process is asked to end, with the signal's name; rejects with what nobody caught. */
  stopped: () => Promise<string>;
}

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
const DEFAULT_CONFIG_FILE = 'config.json';

/** The command `sgridnode`. @returns its exit status. */
export async function main(options: MainOptions): Promise<number> {
  const { stdout, stderr, version } = options;
  const command = buildCommand(options);
  let config: AgentConfig;
  let notices: string[];
  try {
    command.parse([...options.argv], { from: 'user' });
    const {
      config: file,
      checkConfig: _,
      doctor: __,
      ...flags
    } = command.opts<Record<string, string | undefined>>();
    ({ config, notices } = loadConfig(agentConfigSchema, {
      file: file ?? DEFAULT_CONFIG_FILE,
      fileMustExist: file !== undefined,
      env: options.env,
      envPrefix: 'SGRIDNODE_',
      flags,
      ignored: IGNORED_KEYS,
    }));
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
    printError(stderr, error);
    return EXIT_USAGE;
  }
  if (command.opts<{ checkConfig?: boolean }>().checkConfig === true) {
    for (const notice of notices) stderr.write(`sgridnode: ${notice}\n`);
    stdout.write(`${JSON.stringify(config, null, 2)}\n`);
    return 0;
  }

  if (command.opts<{ doctor?: boolean }>().doctor === true)
    return printFindings(await examineNode(config, version), stdout);

  const logger = pino({ level: config.logLevel, base: null }, { write: (line) => void stderr.write(line) });
  for (const notice of notices) logger.warn(notice);
  try {
    const stopped = options.stopped();
    const manager = createServiceManager({
      env: options.env,
      pid: process.pid,
      onError: (err) => logger.warn({ err }, 'systemd could not be told'),
    });
    const { env, shimFile, searchWorkerFile, unpackWorkerFile } = options;
    const agent = await startAgent({
      config,
      logger,
      version,
      env,
      shimFile,
      searchWorkerFile,
      unpackWorkerFile,
    });
    const { nodePort, driver, adopted } = agent;
    await manager.ready(`node ${config.nodeIndex} supervises; driver ${driver}`);
    logger.info({ version, nodeId: config.nodeIndex, nodePort, driver, adopted }, 'sgridnode is ready');
    logger.info({ signal: await stopped }, 'stopping; services go on running');
    manager.close();
    await manager.stopping();
    await agent.close();
    return 0;
  } catch (error) {
    if (toWireError(error).code === 'internal')
      logger.fatal({ err: error }, 'sgridnode failed; services go on running');
    printError(stderr, error);
    return EXIT_FAILED;
  }
}

function buildCommand({ stdout, stderr, version }: MainOptions): Command {
  return new Command('sgridnode')
    .description('The agent of SgridNext: one per machine; runs and supervises the business services there.')
    .option(
      '--config <file>',
      `JSON file with the keys below in camelCase (default: ./${DEFAULT_CONFIG_FILE}, if there)`,
    )
    .option('--main-node <url>', 'the master (default: http://127.0.0.1:15872)')
    .option('--node-index <id>', "this node's id, unique in the fleet (default: 1)")
    .option('--node-port <port>', 'local HTTP port, 0 for a free one (default: 25528)')
    .option('--host <address>', 'address of this node for others (default: its first one)')
    .option('--alias <name>', 'name of this node for people (default: the host name)')
    .option('--state-dir <directory>', 'everything the agent keeps (default: /var/lib/sgridnode)')
    .option('--registry-dir <directory>', 'stat.json and stat-remote.json for services (default: <stateDir>)')
    .option('--token-file <file>', 'token of role agent (default: <stateDir>/agent.token)')
    .option('--cgroup-driver <name>', 'auto, systemd, cgroupfs-v2, cgroupfs-v1 or none (default: auto)')
    .option('--cgroup-parent <path>', "parent of the services' groups (default: business.slice)")
    .option('--node-binary <file>', "runs services of type node (default: the agent's own)")
    .option('--java-binary <file>', 'runs services of type java (default: java)')
    .option('--keep-removed-logs-days <days>', 'how long the logs of removed instances stay (default: 7)')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent (default: info)')
    .option('--check-config', 'print the configuration that would be used, and exit')
    .option('--doctor', 'look for what commonly goes wrong, say what to do, and exit (1: something is bad)')
    .version(version)
    .addHelpText(
      'after',
      `
Every key can also be set in the environment, for example SGRIDNODE_MAIN_NODE; flags win over the
environment, the environment over the file. Stopping the agent does not stop the services.

Examples:
  sgridnode --main-node http://10.0.0.1:15872 --node-index 7 --token-file ./agent.token
  sgridnode --config /usr/sgridnode/config.json --check-config`,
    )
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    });
}

function printError(stderr: NodeJS.WritableStream, error: unknown): void {
  const { message, hint } = toWireError(error);
  stderr.write(`sgridnode: ${message}\n${hint === undefined ? '' : `  ${hint}\n`}`);
}
