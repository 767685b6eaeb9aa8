import { Command, CommanderError } from 'commander';
import { toWireError } from '../../common/protocol/errors.ts';
import { PRODUCT_VERSION } from '../../common/version.ts';
import { plainText } from '../format/plain-text.ts';
import { allOptions } from './all-options.ts';
import {
  EndedBySignal,
  EXIT,
  EXIT_HELP,
  type ExitCode,
  ExitWith,
  exitCodeOf,
  UsageError,
} from './exit-code.ts';
import { type CliIo, printLine } from './io.ts';
import { createProgressStream } from './progress-stream.ts';
import { DEFAULT_URL } from './target.ts';
import { registerApply } from './verbs/apply.ts';
import { registerCompletion } from './verbs/completion.ts';
import { registerConfig } from './verbs/config.ts';
import { registerContext } from './verbs/context.ts';
import { registerDeploy } from './verbs/deploy.ts';
import { registerDescribe } from './verbs/describe.ts';
import { registerGet } from './verbs/get.ts';
import { registerInstanceCommands } from './verbs/instance-command.ts';
import { registerInstanceCreate } from './verbs/instance-create.ts';
import { registerInstanceRemove } from './verbs/instance-remove.ts';
import { registerLimits } from './verbs/limits.ts';
import { registerLocal } from './verbs/local.ts';
import { registerLogs } from './verbs/logs.ts';
import { registerNode } from './verbs/node.ts';
import { openCockpit } from './verbs/open.ts';
import { registerRelease } from './verbs/release.ts';
import { registerResolve } from './verbs/resolve.ts';
import { registerRollback } from './verbs/rollback.ts';
import { registerRollout } from './verbs/rollout.ts';
import { registerScale } from './verbs/scale.ts';
import { registerService } from './verbs/service.ts';
import { registerToken } from './verbs/token.ts';
import { registerUpload } from './verbs/upload.ts';
import { registerWait } from './verbs/wait.ts';

export type Options = Record<string, unknown> & {
  master?: string;
  tokenFile?: string;
  context?: string;
  /** Names of protected services. */
  confirm?: string[];
};

/** What a verb needs to register itself. */
export interface CliContext {
  io: CliIo;
  /** Wraps a verb: hands it all options, its own and the global ones, and its arguments. */
  act: (
    run: (options: Options, ...args: unknown[]) => Promise<void>,
  ) => (this: Command, ...args: unknown[]) => Promise<void>;
}

/** Runs one command line. Never throws: what went wrong is said on standard error and in the code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  try {
    await createProgram(io).parseAsync([...argv], { from: 'user' });
    return EXIT.ok;
  } catch (error) {
    // Commander has printed its own message, or the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof EndedBySignal) return error.exitCode;
    if (io.signal.aborted) return exitCodeOf(io.signal.reason);
    const ending = error instanceof ExitWith ? error : null;
    if (ending !== null && ending.cause === undefined) return ending.exitCode;
    const code = reportError(io.stderr, ending?.cause ?? error);
    return ending?.exitCode ?? code;
  }
}

/** Says what went wrong, and what to do. @returns what to end with */
export function reportError(stderr: NodeJS.WritableStream, error: unknown): ExitCode {
  const { message, hint } = toWireError(error);
  // Messages carry names and texts of others.
  printLine(stderr, `sgrid: ${plainText(message)}`);
  if (hint !== undefined) printLine(stderr, `       ${plainText(hint)}`);
  return exitCodeOf(error);
}

/** All commands, ready to be parsed. */
export function createProgram(io: CliIo): Command {
  const program = new Command('sgrid')
    .description('Cockpit and command line of SgridNext. Without a command it opens the cockpit.')
    .usage('[options] [command]')
    .version(PRODUCT_VERSION, '-V, --version', 'print the version')
    // Otherwise the `--version LABEL` of a verb would be taken for this program's own.
    .enablePositionalOptions()
    .showHelpAfterError('(see sgrid --help)')
    .addHelpText('after', EXIT_HELP)
    // By itself only where there is no action, which is the cockpit's here.
    .helpCommand(true)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void io.stderr.write(text.replace(/^error: /, 'sgrid: ')),
    });
  // Before a verb runs, its options have been parsed.
  let isQuiet = false;
  program.hook('preAction', (_program, verb) => {
    isQuiet = verb.optsWithGlobals().quiet === true;
  });
  const context: CliContext = {
    io: { ...io, progress: createProgressStream(io.stderr, () => isQuiet) },
    act: (run) =>
      async function action(this: Command, ...args) {
        // Commander calls with the arguments, then the options, then the command.
        await run(allOptions(this), ...args.slice(0, -2));
      },
  };
  program
    .option('--read-only', 'the cockpit changes nothing, whatever the token may')
    .option('--ascii', 'the cockpit shows nothing but ASCII')
    .option('--lang <language>', "the cockpit's texts: en or zh-CN (default: the locale)")
    .argument('[command]')
    .action(
      context.act(async (options, unknown) => {
        if (unknown !== undefined)
          throw new UsageError(`there is no command "${unknown}"`, 'see "sgrid --help"');
        await openCockpit(options, io);
      }),
    );
  registerLocal(program, context);
  registerGet(program, context);
  registerDescribe(program, context);
  registerService(program, context);
  registerRelease(program, context);
  registerNode(program, context);
  registerToken(program, context);
  registerUpload(program, context);
  const instance = program
    .command('instance')
    .description('create and remove instances')
    .addHelpText(
      'after',
      `
Examples:
  sgrid instance create web alpha --port 8080 --memory 256
  sgrid instance remove web@alpha:8080
`,
    );
  registerInstanceCreate(instance, context);
  registerInstanceRemove(instance, context);
  registerApply(program, context);
  registerDeploy(program, context);
  registerRollback(program, context);
  registerRollout(program, context);
  registerInstanceCommands(program, context);
  registerScale(program, context);
  registerWait(program, context);
  registerLimits(program, context);
  registerResolve(program, context);
  registerLogs(program, context);
  registerConfig(program, context);
  registerContext(program, context);
  registerCompletion(program, context);
  addTargetOptions(program);
  return program;
}

/** Verbs that need no master, or make their own. */
const LOCAL_VERBS: ReadonlySet<string> = new Set(['up', 'down', 'context', 'completion']);

/** Which master is meant can be said in front of the verb and behind it. */
function addTargetOptions(command: Command): void {
  if (LOCAL_VERBS.has(command.name())) return;
  command
    .option(
      '--master <url>',
      `address of the master (SGRID_MASTER; default: the local system, else ${DEFAULT_URL})`,
    )
    .option('--token-file <file>', 'file that holds the token (SGRID_TOKEN_FILE)')
    .option('--context <name>', 'a master by name, see "sgrid context" (SGRID_CONTEXT)')
    .option('-q, --quiet', 'do not tell on standard error how far it is')
    .option(
      '--confirm <name>',
      'the name of a protected service that is changed; once for each',
      (name: string, before: string[] | undefined) => [...(before ?? []), name],
    );
  for (const verb of command.commands) addTargetOptions(verb);
}
