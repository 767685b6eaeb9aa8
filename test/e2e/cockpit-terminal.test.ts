import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createLinkProxy, type LinkProxy } from '../support/link-proxy.ts';
import { createLocalSystem, type LocalSystemUnderTest, SGRID } from '../support/local-system.ts';
import { addService, openCockpit, portAbove, TICKER } from '../support/small-fleet.ts';
import { openTmux, type Tmux, tmuxMissing } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

let system: LocalSystemUnderTest;
let screen: Tmux | undefined;
let proxy: LinkProxy | undefined;

beforeAll(async () => {
  system = createLocalSystem();
  await system.ok('up');
  await addService(system, 'ticker', TICKER, { port: portAbove(system, 50) });
});

afterEach(async () => {
  screen?.close();
  screen = undefined;
  await proxy?.close();
  proxy = undefined;
});

afterAll(async () => {
  await system.dispose();
});

function configHome(name: string, settings: object): Record<string, string> {
  const home = join(system.directory, name);
  mkdirSync(join(home, 'sgrid'), { recursive: true });
  writeFileSync(join(home, 'sgrid', 'config.json'), JSON.stringify({ toured: true, ...settings }));
  return { XDG_CONFIG_HOME: home };
}

/** Through the proxy, which stands for a bad line. */
function openThrough(line: LinkProxy): Tmux {
  const token = ['--token-file', system.tokenFile('operator')];
  return openCockpit(system, { args: ['--master', line.url, ...token] });
}

/** Writes to a terminal whose other end reads nothing until it takes no more. */
function fill(tty: string): void {
  const fd = openSync(tty, constants.O_WRONLY | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    for (;;) writeSync(fd, ' ');
  } catch (error) {
    expect(error).toMatchObject({ code: 'EAGAIN' });
  } finally {
    closeSync(fd);
  }
}

const ticksOn = (tmux: Tmux): number[] =>
  [...tmux.text().matchAll(/^tick (\d+)/gm)].map(([, number]) => Number(number));

/** Holds the log first: what is looked at while it is painted is half of one frame and half of another. */
async function holdsAllTicks(tmux: Tmux): Promise<void> {
  tmux.press('k');
  await tmux.waitForText(/paused/);
  await tmux.waitUntil('ticks without a gap', () => {
    const seen = ticksOn(tmux);
    return seen.length > 3 && seen.every((tick, at) => tick === (seen[0] ?? 0) + at);
  });
}

/** Pids of the children of a process (proc(5), `children`). */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}

describe.skipIf(tmuxMissing !== null)(`on a bad line${tmuxMissing ? ` (${tmuxMissing})` : ''}`, () => {
  test('a line that stalls: the age of what one sees is told, keys work, and nothing of a log is lost', async () => {
    proxy = await createLinkProxy(system.state().httpPort);
    const tmux = openThrough(proxy);
    screen = tmux;
    await tmux.waitForText(/> up +local/);
    tmux.type(':inst ticker');
    tmux.press('Enter');
    await tmux.waitForText(/> running +ticker/);
    tmux.press('l');
    await tmux.waitUntil('some ticks', () => ticksOn(tmux).length > 3);
    proxy.stall();
    await tmux.waitForText(/figures are \d+s old|no answer for|link down/);
    const frozen = ticksOn(tmux).at(-1) ?? 0;
    // Keys are answered meanwhile.
    tmux.press('Escape');
    await tmux.waitForText(/> running +ticker/);
    tmux.press('?');
    await tmux.waitForText('Keys in instances');
    tmux.press('Escape', 'l');
    await tmux.waitForText('log of ticker');
    proxy.flow();
    await tmux.waitForText(/data 0s old/, 60_000);
    await tmux.waitUntil('it goes on', () => (ticksOn(tmux).at(-1) ?? 0) > frozen + 20, 60_000);
    await holdsAllTicks(tmux);
  });

  test('a line that is cut: figures stay with their age; a command says that it was not sent; the log goes on without a gap', async () => {
    proxy = await createLinkProxy(system.state().httpPort);
    const tmux = openThrough(proxy);
    screen = tmux;
    await tmux.waitForText(/> up +local/);
    tmux.type(':inst ticker');
    tmux.press('Enter', 'l');
    await tmux.waitUntil('some ticks', () => ticksOn(tmux).length > 3);
    proxy.cut();
    await tmux.waitForText(/link down \d+s, reconnecting/);
    const last = ticksOn(tmux).at(-1) ?? 0;
    tmux.press('Escape', 'r');
    await tmux.waitForText('Not connected to the master: nothing can be changed now');
    await tmux.waitForText(/> running +ticker/);
    await tmux.waitForText(/figures are \d+s old/);
    tmux.press('l');
    proxy.flow();
    await tmux.waitForText(/link up/, 60_000);
    await tmux.waitUntil('it goes on', () => (ticksOn(tmux).at(-1) ?? 0) > last + 5, 60_000);
    await holdsAllTicks(tmux);
  });
});

describe.skipIf(tmuxMissing !== null)('the terminal of a person', () => {
  test('Ctrl-Z and fg; a hangup; each leaves the terminal as it was', async () => {
    const tmux = openTmux({
      ...{ columns: 90, rows: 24, cwd: system.directory, command: ['bash', '--norc', '-i'] },
      env: { ...system.env, PS1: '$ ' },
    });
    screen = tmux;
    tmux.type(`echo before; ${SGRID}`);
    tmux.press('Enter');
    await tmux.waitForText(/> up +local/);
    tmux.press('i');
    await tmux.waitForText('nodes > instances');
    tmux.press('C-z');
    await tmux.waitForText(/Stopped/);
    await tmux.waitForText(/^before$/m);
    tmux.type('stty -a | tr " " "\\n" | grep -x -e echo -e icanon');
    tmux.press('Enter');
    await tmux.waitForText(/^echo$/m);
    tmux.type('fg');
    tmux.press('Enter');
    await tmux.waitForText('nodes > instances');
    await tmux.waitForText(/data 0s old/);
    const [cockpit] = await waitFor('its process', () => {
      const found = childrenOf(tmux.pid());
      return found.length > 0 && found;
    });
    // Its launcher is a script that becomes the program.
    process.kill(cockpit ?? 0, 'SIGHUP');
    await tmux.waitForNo('nodes > instances');
    tmux.type('echo $((40+2))');
    tmux.press('Enter');
    await tmux.waitForText(/^42$/m);
    await tmux.waitForText('before');
  });

  test('a terminal that reads nothing: memory stays bounded, and it shows the newest once it reads again', async () => {
    const tmux = openCockpit(system, { columns: 200, rows: 50 });
    screen = tmux;
    await tmux.waitForText(/> up +local/);
    tmux.type(':inst ticker');
    tmux.press('Enter', 'l');
    await tmux.waitUntil('some ticks', () => ticksOn(tmux).length > 3);
    const rssOf = (pid: number): number =>
      Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    const pid = tmux.pid();
    const server = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
    const before = rssOf(pid);
    const last = ticksOn(tmux).at(-1) ?? 0;
    // tmux itself reads nothing now: the pseudo-terminal fills.
    process.kill(server, 'SIGSTOP');
    try {
      const begin = Date.now();
      await waitFor('ten seconds of it', () => Date.now() - begin > 10_000);
      expect(rssOf(pid)).toBeLessThan(before + 64 * 1024);
    } finally {
      process.kill(server, 'SIGCONT');
    }
    await tmux.waitUntil('the newest', () => (ticksOn(tmux).at(-1) ?? 0) > last + 90);
    await tmux.waitForText(/data [01]s old/);
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)(
    'a terminal that reads nothing: %s ends it all the same, and the shell has its line back (status %i)',
    async (signal, status) => {
      const tmux = openCockpit(system, { columns: 200, rows: 50 });
      screen = tmux;
      await tmux.waitForText(/> up +local/);
      tmux.type(':inst ticker');
      tmux.press('Enter', 'l');
      await tmux.waitUntil('some ticks', () => ticksOn(tmux).length > 3);
      const pid = tmux.pid();
      const tty = tmux.tmux('display-message', '-p', '#{pane_tty}').trim();
      const lineOf = (): string[] =>
        execFileSync('stty', ['-F', tty, '-a'], { encoding: 'utf8' }).split(/[ ;\n]+/);
      const server = Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
      // Of a process that has ended nothing is left but its status, for a parent that reads nothing either (proc(5), `stat`).
      const isGone = (): boolean => / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      expect(lineOf()).toContain('-icanon');
      process.kill(server, 'SIGSTOP');
      try {
        fill(tty);
        process.kill(pid, signal);
        await waitFor('its end', isGone);
        expect(lineOf()).toEqual(expect.arrayContaining(['icanon', 'echo']));
      } finally {
        process.kill(server, 'SIGCONT');
      }
      await waitFor('its status', () => tmux.exitStatus() !== null);
      expect(tmux.exitStatus()).toBe(status);
    },
  );

  test('NO_COLOR, 16 colours, themes, ASCII', async () => {
    const open = (env: Record<string, string>, args: string[] = []): Tmux => {
      screen?.close();
      screen = openCockpit(system, { env: { ...configHome('plain', {}), ...env }, args });
      return screen;
    };
    const none = open({ NO_COLOR: '1' });
    await none.waitForText(/> up +local/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: SGR is what is looked for
    expect(none.colours()).not.toMatch(/\x1b\[(?:\d+;)*(?:3[0-7]|38;|9[0-7])/);
    const basic = open({});
    await basic.waitForText(/> up +local/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: as above
    expect(basic.colours()).toMatch(/\x1b\[(?:\d+;)*3[1-7]/);
    expect(basic.colours()).not.toMatch(/38;(?:2|5);/);
    basic.type(':theme dark');
    basic.press('Enter');
    await basic.waitForText('Theme dark');
    await basic.waitUntil('its colours', () => /38;(?:2|5);/.test(basic.colours()));
    const ascii = open({ LC_ALL: 'C', LANG: 'C' }, ['--ascii']);
    await ascii.waitForText(/> up +local/);
    ascii.press('c');
    await ascii.waitForText(/Memory +last/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII
    await ascii.waitForText(/^[\x00-\x7f]*$/);
  });

  test('several masters by name; read only; the wheel and clicks', async () => {
    const url = `http://127.0.0.1:${system.state().httpPort}`;
    const contexts = {
      here: { master: url, tokenFile: system.tokenFile('operator') },
      look: { master: url, tokenFile: system.tokenFile('operator'), readOnly: true },
      mine: { master: url, tokenFile: system.tokenFile('admin') },
    };
    const env = configHome('contexts', { contexts, mouse: true });
    const tmux = openCockpit(system, { env, args: ['--context', 'here'], columns: 100, rows: 30 });
    screen = tmux;
    await tmux.waitForText('as operator (operator)');
    tmux.type(':ctx');
    tmux.press('Enter');
    await tmux.waitForText('Contexts: here, look, mine');
    tmux.type(':ctx mine');
    tmux.press('Enter');
    await tmux.waitForText('as admin (admin)');
    tmux.type(':tokens');
    tmux.press('Enter');
    await tmux.waitForText(/operator +operator/);
    tmux.type(':ctx look');
    tmux.press('Enter');
    await tmux.waitForText('(operator, read only)');
    tmux.press('i');
    await tmux.waitForText(/> running +java|> \S+ +java/);
    tmux.press('r');
    await tmux.waitForText('Read only: this cockpit was opened so, and changes nothing');
    // Button, column and row of a press, as xterm tells them: a wheel, then a click on a row and once more on it.
    tmux.type('\x1b[<65;5;8M');
    await tmux.waitForText(/^> running +native/m);
    const row = tmux.screen().findIndex((line) => /running +ticker/.test(line)) + 1;
    tmux.type(`\x1b[<0;8;${row}M\x1b[<0;8;${row}m`);
    await tmux.waitForText(/^> running +ticker/m);
    tmux.type(`\x1b[<0;8;${row}M\x1b[<0;8;${row}m`);
    await tmux.waitForText('describe ticker');
  });
});
