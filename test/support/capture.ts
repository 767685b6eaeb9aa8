import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLocalSystem, fetchText, SGRID } from './local-system.ts';
import { openTmux, type Tmux, tmuxMissing } from './tmux.ts';

/**
 * Makes the text captures of the real cockpit: brings up a local system with its samples, walks through the screens in
 * tmux, writes each to docs/captures/, and puts the first into the README between its two marks.
 */
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [COLUMNS, ROWS] = [100, 20];
const BEGIN = '<!-- capture:begin -->';
const END = '<!-- capture:end -->';

interface Shot {
  name: string;
  keys: readonly string[];
  wait: RegExp;
}

const SHOTS: readonly Shot[] = [
  { name: 'nodes', keys: [], wait: /([1-9]\d*) instances: \1 running/ },
  { name: 'instances', keys: ['i'], wait: /nodes > instances[\s\S]*> running[\s\S]*\/256M/ },
  { name: 'restart', keys: ['G', 'r'], wait: /Press y/ },
  { name: 'deploy', keys: ['n', 'D'], wait: /first release/ },
  { name: 'log', keys: ['Escape', 'Escape', 'l'], wait: /following[\s\S]*(GET[\s\S]*){5}/ },
  { name: 'help', keys: ['Escape', '?'], wait: /Keys in instances/ },
];

async function capture(terminal: Tmux, shot: Shot): Promise<string> {
  for (const key of shot.keys) {
    const before = terminal.text();
    terminal.press(key);
    // A key paints at once; figures that change meanwhile do no harm.
    await terminal.waitUntil(`what ${key} does`, (screen) => screen !== before);
  }
  await terminal.waitForText(shot.wait, 30_000);
  return terminal
    .screen()
    .map((line) => line.trimEnd())
    .join('\n');
}

function putIntoReadme(text: string): void {
  const file = join(ROOT, 'README.md');
  const readme = readFileSync(file, 'utf8');
  const [head, rest] = readme.split(BEGIN);
  const [, tail] = rest?.split(END) ?? [];
  if (head === undefined || tail === undefined)
    throw new Error(`${file} lacks its marks ${BEGIN} and ${END}`);
  writeFileSync(file, `${head}${BEGIN}\n\`\`\`text\n${text}\n\`\`\`\n${END}${tail}`);
}

async function main(): Promise<void> {
  if (tmuxMissing !== null) throw new Error(`${tmuxMissing}; the captures are made in it`);
  const directory = join(ROOT, 'docs', 'captures');
  mkdirSync(directory, { recursive: true });
  const system = createLocalSystem({ SGRID_SAMPLE_PORT: '' });
  let terminal: Tmux | undefined;
  const traffic = new AbortController();
  try {
    await system.ok('up');
    const instances = await system.instances();
    // Some traffic, so that there is something to see.
    const timer = setInterval(() => {
      for (const { host, port } of instances) void fetchText(host, port).catch(() => undefined);
    }, 250);
    traffic.signal.addEventListener('abort', () => clearInterval(timer));
    terminal = openTmux({
      columns: COLUMNS,
      rows: ROWS,
      cwd: system.directory,
      env: system.env,
      command: [SGRID],
    });
    for (const shot of SHOTS) {
      const text = await capture(terminal, shot);
      writeFileSync(join(directory, `${shot.name}.txt`), `${text}\n`);
      if (shot.name === 'instances') putIntoReadme(text);
      process.stdout.write(`docs/captures/${shot.name}.txt\n`);
    }
  } finally {
    traffic.abort();
    terminal?.close();
    await system.dispose();
  }
}

await main();
