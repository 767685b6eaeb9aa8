import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ProcessEvents } from '../../cockpit/client/process-events.ts';
import { runCockpit } from '../../cockpit/main.tsx';
import { createRecordedClient, readRecording } from '../support/recorded-client.ts';
import { createTerminal } from '../support/terminal.ts';
import { waitFor } from '../support/wait-for.ts';
import { openCockpit } from './cockpit-support.ts';

function configHome(): string {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-comfort-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return directory;
}

/** A process that a test ends as SIGTERM would. */
function endedBy(take: (end: () => void) => void): ProcessEvents {
  return {
    on: (event, listener) => {
      if (event === 'SIGTERM') take(() => listener('SIGTERM'));
    },
    off: () => undefined,
  };
}

test('Ctrl-Z gives the terminal back as it was, and fg brings everything again', async () => {
  const terminal = createTerminal();
  let seen: { isAlternate: boolean; isRaw: boolean } | null = null;
  const stopped = Promise.withResolvers<void>();
  let left = (): void => undefined;
  const run = runCockpit({
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    client: createRecordedClient(readRecording('three-nodes')),
    env: {},
    processEvents: {
      on: (event, listener) => {
        if (event === 'SIGTERM') left = () => listener('SIGTERM');
      },
      off: () => undefined,
    },
    stopJob: () => {
      void terminal.flushed().then(() => {
        seen = { isAlternate: terminal.isAlternateScreen(), isRaw: terminal.isRawMode() };
        stopped.resolve();
      });
    },
  });
  onTestFinished(async () => {
    left();
    await run;
    terminal.close();
  });
  await terminal.waitFor('alpha');
  terminal.press('i', 'ctrl-z');
  await stopped.promise;
  expect(seen).toEqual({ isAlternate: false, isRaw: false });
  await terminal.waitFor('pricing');
  await terminal.waitFor(() => terminal.isAlternateScreen() && terminal.isRawMode());
  terminal.press('j', 'd');
  await terminal.waitFor('describe');
});

test.each([
  ['dark', 210],
  ['light', 124],
  ['high-contrast', 15],
])('the theme %s has colours of its own, and is remembered', async (name, colour) => {
  const home = configHome();
  const { terminal } = openCockpit({ env: { XDG_CONFIG_HOME: home } });
  await terminal.waitFor('alpha');
  terminal.press('i', ':');
  terminal.type(`theme ${name}`);
  terminal.press('enter');
  const lines = await terminal.waitFor(`Theme ${name}`);
  const row = lines.findIndex((line) => /^ {2}running +pricing/.test(line));
  const bad = lines.findIndex((line) => line.includes('crash-loop  native-echo'));
  terminal.press('j');
  await terminal.waitFor((now) => now[row]?.startsWith('>') === true);
  expect(terminal.cell(3, bad).foreground).toBe(colour);
  expect(JSON.parse(readFileSync(join(home, 'sgrid', 'config.json'), 'utf8')).theme).toBe(name);
});

test('where the locale is not UTF-8 nothing but ASCII is shown, and everything stays in its column', async () => {
  const ascii = openCockpit({ columns: 120, env: { LANG: 'C' } }).terminal;
  const unicode = openCockpit({ columns: 120, env: { LANG: 'zh_CN.UTF-8', LC_MESSAGES: 'C' } }).terminal;
  for (const terminal of [ascii, unicode]) {
    await terminal.waitFor('alpha');
    terminal.press('enter');
    await terminal.waitFor(/running +web/);
  }
  const braille = await unicode.waitFor(/[\u2801-\u28ff]/);
  const plain = await ascii.waitFor(/running +web +.*[.=#-]$/m);
  expect(plain.join('')).not.toMatch(/[^\x20-\x7e]/);
  const row = braille.findIndex((line) => /[\u2801-\u28ff]/.test(line));
  expect(plain[row]?.length).toBe(braille[row]?.length);
});

test('opened to read only, nothing is sent, whatever the token may', async () => {
  const terminal = createTerminal();
  const client = createRecordedClient(readRecording('three-nodes'));
  let leave = (): void => undefined;
  const run = runCockpit({
    stdin: terminal.stdin,
    stdout: terminal.stdout,
    client,
    env: {},
    isReadOnly: true,
    processEvents: endedBy((end) => {
      leave = end;
    }),
  });
  onTestFinished(async () => {
    leave();
    await run;
    terminal.close();
  });
  await terminal.waitFor('(operator, read only)');
  terminal.press('i', 'r');
  await terminal.waitFor('Read only: this cockpit was opened so');
  expect(terminal.screen().at(-1)).not.toContain('restart');
  expect(client.calls.some(({ name }) => name === 'instance.restart')).toBe(false);
});

test.each([
  [80, 24],
  [60, 15],
])('the first time, what there is to know is shown at %ix%i, and not again', async (columns, rows) => {
  const home = configHome();
  const first = openCockpit({ columns, rows, env: { XDG_CONFIG_HOME: home } });
  await first.terminal.waitFor('alpha');
  if (rows > 20) await first.terminal.waitFor(/enter +goes into a node/);
  first.terminal.press('enter');
  await first.terminal.waitFor('nodes > alpha');
  first.terminal.press('escape');
  await first.terminal.waitFor('beta');
  expect(first.terminal.text()).not.toContain('Welcome');
  first.terminal.press(':');
  first.terminal.type('tour');
  first.terminal.press('enter');
  await first.terminal.waitFor(/D +deploys a release/);
  expect(first.terminal.text()).toMatch(/\? +lists all keys/);
  const again = openCockpit({ columns, rows, env: { XDG_CONFIG_HOME: home } });
  await again.terminal.waitFor('alpha');
  expect(again.terminal.text()).not.toContain('Welcome');
});

test('another context leaves for its master; one that there is not is said', async () => {
  const home = configHome();
  mkdirSync(join(home, 'sgrid'));
  const prod = { master: 'http://10.0.0.9:15872', tokenFile: '~/prod.token' };
  writeFileSync(join(home, 'sgrid', 'config.json'), JSON.stringify({ contexts: { prod } }));
  const { terminal, left } = openCockpit({ env: { XDG_CONFIG_HOME: home } });
  await terminal.waitFor('alpha');
  for (const [line, said] of [
    ['ctx', 'Contexts: prod'],
    ['ctx nowhere', 'No context "nowhere": prod'],
  ] as const) {
    terminal.press(':');
    terminal.type(line);
    terminal.press('enter');
    await terminal.waitFor(said);
  }
  terminal.press(':');
  terminal.type('ctx prod');
  terminal.press('enter');
  expect(await left).toEqual({ reason: 'context', name: 'prod', context: { ...prod, readOnly: false } });
  expect(terminal.isAlternateScreen()).toBe(false);
});

test('a terminal that takes nothing is not written to, and shows the newest once it does', async () => {
  const terminal = createTerminal();
  const { stdout } = terminal;
  const client = createRecordedClient(readRecording('three-nodes'));
  let isStuck = false;
  let writesWhileStuck = 0;
  const held: (() => void)[] = [];
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string, ...rest: never[]) => {
    if (isStuck) writesWhileStuck += 1;
    return write(chunk, ...rest);
  }) as typeof stdout.write;
  const take = stdout._write.bind(stdout);
  stdout._write = (chunk, encoding, done) => {
    if (isStuck) held.push(() => take(chunk, encoding, done));
    else take(chunk, encoding, done);
  };
  const unstick = (): void => {
    isStuck = false;
    for (const go of held.splice(0)) go();
  };
  let leave = (): void => undefined;
  const run = runCockpit({
    stdin: terminal.stdin,
    stdout,
    client,
    env: {},
    processEvents: endedBy((end) => {
      leave = end;
    }),
  });
  onTestFinished(async () => {
    unstick();
    leave();
    await run;
    terminal.close();
  });
  await terminal.waitFor('alpha');
  isStuck = true;
  const reads = () => client.calls.filter(({ name }) => name === 'log.read').length;
  terminal.press('i', 'l');
  for (let frame = 0; frame < 20; frame++) client.sendFrame({ at: Date.now() + frame });
  await waitFor('the keys to be taken', () => reads() === 1);
  // By the second time, all of the first would have been painted.
  terminal.press('escape', 'l');
  await waitFor('the keys to be taken again', () => reads() > 1);
  // What was under way when it got stuck, and nothing behind it.
  expect(writesWhileStuck).toBe(1);
  unstick();
  await terminal.waitFor('> log of');
});

test("the mouse is the terminal's, unless the config file gives it to the cockpit", async () => {
  const home = configHome();
  const without = openCockpit({ env: { XDG_CONFIG_HOME: home } });
  await without.terminal.waitFor('alpha');
  expect(without.terminal.hasMouse()).toBe(false);
  mkdirSync(join(home, 'sgrid'), { recursive: true });
  writeFileSync(join(home, 'sgrid', 'config.json'), JSON.stringify({ mouse: true }));
  const { terminal, process, left } = openCockpit({ env: { XDG_CONFIG_HOME: home } });
  const lines = await terminal.waitFor('beta');
  expect(terminal.hasMouse()).toBe(true);
  terminal.send('\x1b[<65;5;5M');
  await terminal.waitFor((now) => now.some((line) => /^> +up +beta/.test(line)));
  const row = lines.findIndex((line) => line.includes('gamma')) + 1;
  terminal.send(`\x1b[<0;5;${row}M`);
  terminal.send(`\x1b[<0;5;${row}m`);
  await terminal.waitFor((now) => now[row - 1]?.startsWith('>') === true);
  terminal.send(`\x1b[<0;5;${row}M`);
  await terminal.waitFor('nodes > gamma');
  process.emit('SIGTERM');
  await left;
  await terminal.flushed();
  expect(terminal.hasMouse()).toBe(false);
});
