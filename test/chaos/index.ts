import { fileURLToPath } from 'node:url';
import { HELP, parseOptions } from './options.ts';
import { formatReport, isAllRight } from './report.ts';
import { runChaos } from './run.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  let options: ReturnType<typeof parseOptions>;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`test:chaos: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(HELP);
    return 0;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  say(`chaos: seed ${options.seed}, ${options.minutes} min`);
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  const { counts, verdicts, directory } = await runChaos(options, repository, interrupted.signal, (line) =>
    say(`chaos: ${line}`),
  );
  for (const line of formatReport(counts, verdicts)) say(line);
  const right = isAllRight(verdicts);
  if (options.keep || !right) say(`chaos: everything is kept in ${directory}`);
  say(
    right ? `chaos: all is right (seed ${options.seed})` : `chaos: something is WRONG (seed ${options.seed})`,
  );
  return right ? 0 : 1;
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(
    `test:chaos: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
});
