import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { waitFor } from './wait-for.ts';

/** Whether tmux is here. Tests that need it are skipped with this reason where it is not. */
export const tmuxMissing: string | null =
  spawnSync('tmux', ['-V'], { stdio: 'ignore' }).status === 0 ? null : 'tmux is not installed';

export interface TmuxOptions {
  columns: number;
  rows: number;
  cwd: string;
  env?: Readonly<Record<string, string>>;
  /** The program of the window. It stays readable after its end. */
  command: readonly string[];
}

export interface Tmux {
  /** What a person sees now, a line per row, without the blanks at the ends. */
  screen(): string[];
  /** The same with the colours, as escape sequences. */
  colours(): string;
  text(): string;
  /** Keys as tmux names them: `Enter`, `Escape`, `C-d`, `Down`, `Space`, `j`. */
  press(...keys: string[]): void;
  type(text: string): void;
  resize(columns: number, rows: number): void;
  /** @throws with the last screen when it does not come in time. */
  waitForText(wanted: string | RegExp, timeoutMs?: number): Promise<void>;
  waitForNo(unwanted: string | RegExp, timeoutMs?: number): Promise<void>;
  waitUntil(what: string, probe: (text: string) => boolean, timeoutMs?: number): Promise<void>;
  /** Status that the program ended with, or null while it runs. */
  exitStatus(): number | null;
  /** Any other command of tmux, on its server. @returns its output */
  tmux(...args: string[]): string;
  /** What was copied last, by a program or a person; null while there is nothing. */
  buffer(): string | null;
  /** Pid of the program. */
  pid(): number;
  close(): void;
}

/** A program in a terminal of its own, in a tmux server of its own that reads no configuration. */
export function openTmux(options: TmuxOptions): Tmux {
  const socket = `sgrid-test-${randomBytes(6).toString('hex')}`;
  const tmux = (...args: string[]): string => {
    const done = spawnSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], {
      encoding: 'utf8',
      cwd: options.cwd,
      env: { ...cleanEnvironment(), ...options.env },
    });
    if (done.status !== 0) throw new Error(`tmux ${args[0]}: ${done.stderr}`);
    return done.stdout;
  };
  tmux(
    ...['start-server', ';', 'set-option', '-g', 'remain-on-exit', 'on', ';'],
    ...[
      'set-option',
      '-g',
      'default-terminal',
      'screen-256color',
      ';',
      'set-option',
      '-g',
      'status',
      'off',
      ';',
    ],
    ...['set-option', '-sg', 'escape-time', '0', ';'],
    ...['new-session', '-d', '-x', String(options.columns), '-y', String(options.rows), '-c', options.cwd],
    options.command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' '),
  );
  const screen = (): string[] => tmux('capture-pane', '-p').replace(/\n$/, '').split('\n');
  const text = (): string => screen().join('\n');
  const display = (format: string): string => tmux('display-message', '-p', format).trim();

  const waitUntil = async (
    what: string,
    probe: (text: string) => boolean,
    timeoutMs = 60_000,
  ): Promise<void> => {
    try {
      await waitFor(what, () => probe(text()), timeoutMs);
    } catch (cause) {
      throw new Error(`waited ${timeoutMs} ms for ${what}; the screen:\n${text()}`, { cause });
    }
  };
  const has = (content: string, wanted: string | RegExp): boolean =>
    typeof wanted === 'string' ? content.includes(wanted) : wanted.test(content);

  return {
    screen,
    text,
    colours: () => tmux('capture-pane', '-p', '-e'),
    press: (...keys) => void tmux('send-keys', ...keys),
    type: (literal) => void tmux('send-keys', '-l', '--', literal),
    resize: (columns, rows) => void tmux('resize-window', '-x', String(columns), '-y', String(rows)),
    waitUntil,
    waitForText: (wanted, timeoutMs) =>
      waitUntil(String(wanted), (content) => has(content, wanted), timeoutMs),
    waitForNo: (unwanted, timeoutMs) =>
      waitUntil(`no ${unwanted}`, (content) => !has(content, unwanted), timeoutMs),
    exitStatus() {
      const [dead, status] = display('#{pane_dead} #{pane_dead_status}').split(' ');
      if (dead !== '1') return null;
      if (status !== undefined) return Number(status);
      // tmux 3.3 at times sees the end of the terminal and not that of the program, until another child of its ends.
      tmux('run-shell', 'true');
      return null;
    },
    tmux,
    buffer: () => {
      try {
        return tmux('show-buffer');
      } catch {
        return null;
      }
    },
    pid: () => Number(display('#{pane_pid}')),
    close: () => void spawnSync('tmux', ['-L', socket, 'kill-server'], { stdio: 'ignore' }),
  };
}

/** What a login shell would have; nothing of the test runner's. */
function cleanEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '/' } = process.env;
  return { PATH, HOME, LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' };
}
