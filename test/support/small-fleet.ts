import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalSystemUnderTest, SGRID } from './local-system.ts';
import { packDirectory } from './samples.ts';
import { openTmux, type Tmux } from './tmux.ts';

/** Fails behind a while, again and again, and says why. */
export const LOOPER = `
console.log('connecting to db.internal:5432');
setTimeout(() => {
  console.error('Error: connect ECONNREFUSED 10.0.0.9:5432');
  process.exit(3);
}, 300);
`;

/** Numbered JSON lines without end, as many as a busy service has. */
export const FLOOD = `
let n = 0;
setInterval(() => {
  let text = '';
  for (let at = 0; at < 200; at++) {
    n += 1;
    const level = n % 50 === 0 ? 'error' : 'info';
    text += JSON.stringify({ time: new Date().toISOString(), level, msg: 'request 你好 ' + n, n }) + '\\n';
  }
  process.stdout.write(text);
}, 50);
`;

/** Ends by itself, well. */
export const ONCE = `console.log('migrated 12 tables');`;

/** Says a line each tenth of a second, with its number. */
export const TICKER = `
let n = 0;
setInterval(() => { n += 1; console.log('tick ' + n); }, 100);
process.on('SIGHUP', () => console.log('hangup: reads its files again'));
`;

/** A service out of one file of Node.js, on so many instances, put on them whatever becomes of it. */
export async function addService(
  system: LocalSystemUnderTest,
  name: string,
  program: string,
  options: { port: number; instances?: number; spec?: object },
): Promise<void> {
  const stage = join(system.directory, `stage-${name}`);
  mkdirSync(stage);
  writeFileSync(join(stage, 'main.js'), program);
  const archive = join(system.directory, `${name}.tar`);
  await packDirectory(stage, archive);
  rmSync(stage, { recursive: true });
  const file = join(system.directory, `${name}.json`);
  writeFileSync(file, JSON.stringify({ type: 'node', entry: 'main.js', ...options.spec }));
  await system.ok('service', 'create', name, '--file', file);
  for (let at = 0; at < (options.instances ?? 1); at++)
    await system.ok(
      ...['instance', 'create', name, 'local', '--port', String(options.port + at), '--memory', '128'],
    );
  await system.ok('deploy', name, archive, '--version', '1.0.0', '--max-unavailable', '100%');
}

/** The built cockpit in a terminal of its own, on the local system, as an operator. */
export function openCockpit(
  system: LocalSystemUnderTest,
  options: {
    columns?: number;
    rows?: number;
    env?: Readonly<Record<string, string>>;
    args?: readonly string[];
  } = {},
): Tmux {
  const { columns = 100, rows = 30, env = {}, args = [] } = options;
  return openTmux({
    ...{ columns, rows, cwd: system.directory },
    env: { ...system.env, LC_ALL: 'C.UTF-8', ...env },
    command: [SGRID, ...args],
  });
}

/** First of some ports that nothing of this test has. */
export function portAbove(system: LocalSystemUnderTest, offset: number): number {
  return Number(system.env.SGRID_SAMPLE_PORT) + offset;
}
