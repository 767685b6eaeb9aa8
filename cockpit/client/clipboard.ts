import { execFile } from 'node:child_process';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';

/** How a sequence gets to the terminal that a person sits at. */
export type ClipboardRoute = 'plain' | 'tmux-passthrough' | 'screen-passthrough';

/** GNU screen takes strings of up to 768 bytes only. */
const SCREEN_CHUNK = 512;

/**
 * Puts a text into the clipboard of the terminal: OSC 52 (xterm, "Operating System Commands", `Ps = 52`), which works over SSH.
 *
 * A multiplexer in between has to be told to hand it on: tmux by `ESC P tmux; … ESC \` with every ESC doubled (tmux(1),
 * `allow-passthrough`), screen by `ESC P … ESC \` in small pieces.
 */
export function clipboardSequence(text: string, route: ClipboardRoute): string {
  const sequence = `\x1b]52;c;${Buffer.from(text).toString('base64')}\x07`;
  if (route === 'plain') return sequence;
  if (route === 'tmux-passthrough') return `\x1bPtmux;${sequence.replaceAll('\x1b', '\x1b\x1b')}\x1b\\`;
  const pieces = sequence.match(new RegExp(`[\\s\\S]{1,${SCREEN_CHUNK}}`, 'g')) ?? [];
  return pieces.map((piece) => `\x1bP${piece}\x1b\\`).join('');
}

/** What there is to say besides that something was copied. */
export type CopyNote = '' | ' (handed on by the multiplexer)';

type Env = Readonly<Record<string, string | undefined>>;

/** Value of a tmux option, or null when this tmux has none of that name. @throws SgridError `timeout` when it does not answer */
export type AskTmux = (option: string) => Promise<string | null>;

/** A machine that is out of memory or CPU takes its time, and nothing waits for this. */
const TMUX_PATIENCE_MS = 20_000;

/**
 * With `set-clipboard on` tmux takes OSC 52 itself, into its own buffer and on to the terminal; otherwise it ignores what programs
 * send, so it is told to hand it on, which it does with `allow-passthrough`.
 *
 * @throws SgridError `permission_denied` when it would do neither, with what to do about it; what `ask` throws
 */
export async function clipboardRoute(env: Env, ask: AskTmux): Promise<ClipboardRoute> {
  if ((env.TMUX ?? '') === '') return (env.STY ?? '') === '' ? 'plain' : 'screen-passthrough';
  if ((await ask('set-clipboard')) === 'on') return 'plain';
  const passthrough = await ask('allow-passthrough');
  // A tmux older than 3.3 has no such option and always hands on.
  if (passthrough === null || passthrough === '' || passthrough === 'on' || passthrough === 'all')
    return 'tmux-passthrough';
  throw new SgridError(
    'permission_denied',
    said`this tmux lets no program reach the clipboard: tmux set -g set-clipboard on`,
  );
}

/** Asks the tmux that the cockpit runs in. */
export function createAskTmux(env: Env, timeoutMs = TMUX_PATIENCE_MS): AskTmux {
  return (option) =>
    new Promise((resolve, reject) => {
      const pane = env.TMUX_PANE === undefined ? [] : ['-t', env.TMUX_PANE];
      const scope = option === 'set-clipboard' ? ['-sv'] : ['-Apv', ...pane];
      execFile(
        'tmux',
        ['show-options', ...scope, option],
        { timeout: timeoutMs, env: { ...env } as NodeJS.ProcessEnv },
        (error, stdout) => {
          if (error?.killed)
            reject(new SgridError('timeout', said`tmux did not answer within ${timeoutMs / 1000} s`));
          else resolve(error === null ? stdout.trim() : null);
        },
      );
    });
}
