import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createTerminal } from '../support/terminal.ts';
import { type KeyName, keyBytes } from '../support/terminal-stdin.ts';

/** When something was seen or done, in milliseconds of `performance.now()`. */
export type Moment = number;

export interface TerminalFrame {
  readonly at: Moment;
  readonly bytes: number;
}

/** A program in a real pseudo-terminal, its output in a real emulator. Moments are those at which bytes came out of the pty. */
export interface TerminalProgram {
  /** Lets it begin, as Enter does behind a command. */
  start(): Moment;
  readonly pid: number;
  /** Writes a key to the terminal, by its name or as a character. */
  press(key: KeyName | (string & {})): Moment;
  /** What a person sees, a line per row. */
  screen(): string[];
  /**
   * When the bytes came that made the screen so. Looks after every whole frame, as a terminal shows them (mode 2026).
   *
   * @throws with the screen, when it is not so in time
   */
  waitFor(what: string, probe: (lines: readonly string[]) => boolean, timeoutMs?: number): Promise<Moment>;
  /** Frames since they were taken the last time. */
  takeFrames(): TerminalFrame[];
  /** Ends it as a closed terminal does. @returns when it is gone */
  close(): Promise<void>;
}

export interface TerminalProgramOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

const FRAME_BEGIN = '\x1b[?2026h';
const FRAME_END = '\x1b[?2026l';
const READY = /ready as (\d+)/;

/**
 * The pty is that of script(1), whose relay of the bytes is part of every figure, as a terminal's own would be. The shell in it
 * waits for a line before it becomes the program, so that neither is part of the time to start.
 *
 * @throws when script(1) is not there
 */
export async function openTerminalProgram(options: TerminalProgramOptions): Promise<TerminalProgram> {
  const { columns, rows, cwd } = options;
  const words = options.command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const shell = `stty rows ${rows} cols ${columns} -echo; printf 'ready as %d\\r' $$; read -r _; exec ${words}`;
  const script = spawn('script', ['--quiet', '--flush', '--return', '--command', shell, '/dev/null'], {
    cwd,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const gone = once(script, 'exit');
  await once(script, 'spawn');
  script.stdin.on('error', () => undefined);
  const emulator = createTerminal({ columns, rows });
  const looks = new Set<(at: Moment) => void>();
  let frames: TerminalFrame[] = [];
  let held = '';

  const show = (piece: string, at: Moment): void => {
    if (piece.endsWith(FRAME_END)) frames.push({ at, bytes: Buffer.byteLength(piece) });
    emulator.stdout.write(piece, () => {
      for (const look of [...looks]) look(at);
    });
  };
  script.stdout.setEncoding('utf8');
  script.stdout.on('data', (chunk: string) => {
    const at = performance.now();
    held += chunk;
    for (let end = held.indexOf(FRAME_END); end >= 0; end = held.indexOf(FRAME_END)) {
      show(held.slice(0, end + FRAME_END.length), at);
      held = held.slice(end + FRAME_END.length);
    }
    // What is no frame is shown as it comes.
    if (held !== '' && !held.includes(FRAME_BEGIN) && !held.includes('\x1b[?2026')) {
      show(held, at);
      held = '';
    }
  });

  const waitForScreen: TerminalProgram['waitFor'] = (what, probe, timeoutMs = 20_000) => {
    const { promise, resolve, reject } = Promise.withResolvers<Moment>();
    const look = (at: Moment): void => {
      if (probe(emulator.screen())) resolve(at);
    };
    const fail = (why: string) => () =>
      reject(new Error(`${why} before ${what}; the screen:\n${emulator.screen().join('\n')}`));
    const deadline = setTimeout(fail(`${timeoutMs} ms went by`), timeoutMs);
    const onExit = fail('the program ended');
    script.once('exit', onExit);
    looks.add(look);
    look(performance.now());
    return promise.finally(() => {
      clearTimeout(deadline);
      script.off('exit', onExit);
      looks.delete(look);
    });
  };
  let pid: number | null = null;
  const end = async (): Promise<void> => {
    // Not script(1), which takes it and goes on: the program, which a terminal that closes tells so too.
    if (script.exitCode === null && script.signalCode === null) hangUp(pid ?? script.pid);
    const deadline = setTimeout(() => script.kill('SIGKILL'), 5_000);
    await gone;
    clearTimeout(deadline);
    emulator.close();
  };
  try {
    await waitForScreen('the shell', ([line = '']) => READY.test(line));
    // exec(3) keeps the pid of the shell.
    pid = Number(READY.exec(emulator.screen()[0] ?? '')?.[1]);
  } catch (error) {
    await end();
    throw error;
  }
  const send = (bytes: string): Moment => {
    const at = performance.now();
    script.stdin.write(bytes);
    return at;
  };
  return {
    pid,
    start: () => send('\n'),
    press: (key) => send(keyBytes(key)),
    screen: () => emulator.screen(),
    waitFor: waitForScreen,
    takeFrames: () => {
      const taken = frames;
      frames = [];
      return taken;
    },
    close: end,
  };
}

/** It may have ended by itself a moment ago. */
function hangUp(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(pid, 'SIGHUP');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** What a login shell would have; nothing of the bench's own. */
function cleanEnvironment(): Record<string, string> {
  const { PATH = '', HOME = '/' } = process.env;
  return { PATH, HOME, SHELL: '/bin/sh', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', TERM: 'xterm-256color' };
}
