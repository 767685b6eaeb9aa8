import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalSystem, fetchText, type LocalSystemUnderTest, SGRID } from './local-system.ts';
import { addService, FLOOD, LOOPER, portAbove } from './small-fleet.ts';
import { openTmux, type Tmux, tmuxMissing } from './tmux.ts';
import { waitFor } from './wait-for.ts';

/**
 * Makes the captures of the real cockpit: brings up a local system with its samples, a service that fails and one that floods,
 * and walks through the screens in tmux. Each is written to docs/captures/, some are put into the README between their marks,
 * and the whole walk is recorded as docs/cockpit.cast.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [COLUMNS, ROWS] = [100, 24];

interface Shot {
  name: string;
  /** Keys as tmux names them; words that begin with `:` or `/` are typed, and entered. */
  keys: readonly string[];
  wait: RegExp;
  /** Stands in the README, without the empty lines at its end. */
  isInReadme?: boolean;
}

const SHOTS: readonly Shot[] = [
  { name: 'nodes', keys: [], wait: /link up[\s\S]*1 up[\s\S]*Welcome[\s\S]*lists all keys/ },
  {
    name: 'pulse',
    keys: [':pulse'],
    wait: /looper +crash-loop[\s\S]*Failures[\s\S]*exited/,
    isInReadme: true,
  },
  { name: 'instances', keys: ['i'], wait: /nodes > instances[\s\S]*looper[\s\S]*\/256M/, isInReadme: true },
  { name: 'filter', keys: ['/state:running mem:>10M'], wait: /mem:>10M \d shown/ },
  { name: 'restart', keys: ['Escape', 'G', 'r'], wait: /Press y/ },
  { name: 'describe', keys: ['n', 'd'], wait: /Instance \d+ of web/ },
  { name: 'charts', keys: ['c'], wait: /CPU +last[\s\S]*Memory +last/ },
  { name: 'crash', keys: [':inst looper', 'x'], wait: /What changed[\s\S]*Figures up/, isInReadme: true },
  { name: 'log', keys: [':inst web', 'l'], wait: /following[\s\S]*(GET[\s\S]*){5}/ },
  {
    name: 'merged-log',
    keys: [':inst -r ^(web|looper)$', 'C-a', 'l'],
    wait: /4 logs[\s\S]*following[\s\S]*(GET[\s\S]*){5}/,
  },
  { name: 'services', keys: [':services'], wait: /crash-loop +looper[\s\S]*web/ },
  { name: 'deploy', keys: ['D'], wait: /RELEASE +AGE[\s\S]*1\.0\.0/ },
  { name: 'rollouts', keys: [':rollouts'], wait: /succeeded +web/ },
  { name: 'config', keys: [':config'], wait: /web +app\.yaml/ },
  { name: 'config-file', keys: ['Enter'], wait: /workers: 4/ },
  { name: 'config-edit', keys: ['e'], wait: /\+workers: 8/ },
  { name: 'config-publish', keys: ['Escape', 'p'], wait: /It takes the newest/ },
  { name: 'events', keys: ['Escape', ':events'], wait: /crash-loop/ },
  { name: 'registry', keys: [':registry'], wait: /no: crash-loop/ },
  { name: 'who', keys: [':who'], wait: /operator \(you\)/ },
  { name: 'help', keys: [':inst', '?'], wait: /Keys in instances/ },
];

async function capture(terminal: Tmux, shot: Shot): Promise<string> {
  for (const key of shot.keys) {
    const before = terminal.text();
    if (/^[:/]./.test(key)) {
      terminal.type(key);
      await terminal.waitForText(key.replace(/^[:/]/, ''));
      terminal.press('Enter');
      continue;
    }
    terminal.press(key);
    // A key paints at once; figures that change meanwhile do no harm.
    await terminal.waitUntil(`what ${key} does`, (screen) => screen !== before);
  }
  await terminal.waitForText(shot.wait, 60_000);
  return terminal
    .screen()
    .map((line) => line.trimEnd())
    .join('\n');
}

function putIntoReadme(name: string, text: string): void {
  const file = join(ROOT, 'README.md');
  const [begin, end] = [`<!-- capture:${name}:begin -->`, `<!-- capture:${name}:end -->`];
  const readme = readFileSync(file, 'utf8');
  const [head, rest] = readme.split(begin);
  const [, tail] = rest?.split(end) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`${file} lacks its marks ${begin} and ${end}`);
  const shown = text.replaceAll(/\n{3,}/g, '\n\n');
  writeFileSync(file, `${head}${begin}\n\`\`\`text\n${shown}\n\`\`\`\n${end}${tail}`);
}

/** What the walk needs to see something: trouble, load, and a config file with two versions. */
async function prepare(system: LocalSystemUnderTest): Promise<void> {
  await system.ok('up');
  const fast = { restart: { mode: 'always', maxFastDeaths: 3, initialDelayMs: 50 } };
  await addService(system, 'looper', LOOPER, { port: portAbove(system, 20), instances: 2, spec: fast });
  await addService(system, 'flood', FLOOD, { port: portAbove(system, 30) });
  for (const [workers, message] of [
    [2, 'as it was'],
    [4, 'more workers'],
  ] as const) {
    const file = join(system.directory, 'app.yaml');
    writeFileSync(file, `workers: ${workers}\nlisten: 0.0.0.0:8080\npassword: hunter2\n`);
    await system.ok('config', 'set', 'web', 'app.yaml', file, '-m', message);
    if (workers === 2) await system.ok('config', 'publish', 'web', '--wait');
  }
  writeFileSync(join(system.directory, 'editor.sh'), 'sleep 1; sed -i s/4/8/ "$1"\n');
  await waitFor(
    'a crash loop',
    async () => (await system.instance('looper')).status?.state === 'crash-loop',
    60_000,
  );
}

async function walk(terminal: Tmux, directory: string): Promise<void> {
  for (const shot of SHOTS) {
    const text = await capture(terminal, shot);
    writeFileSync(join(directory, `${shot.name}.txt`), `${text}\n`);
    if (shot.isInReadme === true) putIntoReadme(shot.name, text);
    process.stdout.write(`docs/captures/${shot.name}.txt\n`);
  }
  terminal.press('Escape');
  terminal.type(':q');
  terminal.press('Enter');
  // The shell's prompt, of whomever.
  await terminal.waitForText(/^[$#] ?$/m);
}

async function main(): Promise<void> {
  if (tmuxMissing !== null) throw new Error(`${tmuxMissing}; the captures are made in it`);
  const directory = join(ROOT, 'docs', 'captures');
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const system = createLocalSystem({ SGRID_SAMPLE_PORT: '18080' });
  const cast = join(system.directory, 'cockpit.cast');
  let terminal: Tmux | undefined;
  const traffic = new AbortController();
  try {
    await prepare(system);
    const instances = await system.instances();
    // Some traffic, so that there is something to see.
    const timer = setInterval(() => {
      for (const { host, port } of instances) void fetchText(host, port).catch(() => undefined);
    }, 250);
    traffic.signal.addEventListener('abort', () => clearInterval(timer));
    const editor = `sh ${join(system.directory, 'editor.sh')}`;
    terminal = openTmux({
      ...{ columns: COLUMNS, rows: ROWS, cwd: system.directory, command: ['sh'] },
      env: { ...system.env, PS1: '$ ', EDITOR: editor, XDG_CONFIG_HOME: system.directory, SGRID },
    });
    const recorder = fileURLToPath(new URL('asciicast.ts', import.meta.url));
    const words = [process.execPath, recorder, cast, COLUMNS, ROWS, 'SgridNext cockpit'];
    terminal.tmux('pipe-pane', '-o', words.map((word) => `'${word}'`).join(' '));
    terminal.type('sgrid() { "$SGRID"; }; clear');
    terminal.press('Enter');
    terminal.type('sgrid');
    terminal.press('Enter');
    await walk(terminal, directory);
    terminal.tmux('pipe-pane');
    await waitFor('the recording', () => existsSync(cast) && readFileSync(cast, 'utf8').endsWith(']\n'));
    writeFileSync(join(ROOT, 'docs', 'cockpit.cast'), readFileSync(cast));
  } finally {
    traffic.abort();
    terminal?.close();
    await system.dispose();
  }
}

await main();
