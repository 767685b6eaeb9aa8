import { SgridError } from '../../common/protocol/errors.ts';

/** What `sgrid` ends with; documented in its help. */
export const EXIT = {
  ok: 0,
  /** It was tried, and did not work (or not on every instance). */
  failed: 1,
  /** The command line, or a file that it names, is wrong. */
  usage: 2,
  /** No master: it cannot be reached, or it refuses us. */
  noMaster: 3,
  /** It was begun, and had not come to an end in time. */
  timedOut: 4,
  /** After SIGHUP, SIGINT and SIGTERM: 128 and the number of the signal, as shells write it (bash(1), "EXIT STATUS"). */
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_HELP = `
Exit status:
  0  it worked
  1  it did not work, or not on every instance
  2  the command line, or a file that it names, is wrong
  3  no master: it cannot be reached, or refuses the token
  4  it was begun but had not ended in time
  129, 130, 143  ended by SIGHUP, SIGINT or SIGTERM
`;

const BY_SIGNAL = { SIGHUP: EXIT.hungUp, SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/** Signals that end a command in order. */
export type EndingSignal = keyof typeof BY_SIGNAL;
export const ENDING_SIGNALS = Object.keys(BY_SIGNAL) as readonly EndingSignal[];

/** The user's own mistake in naming things: said as usage, before anything was sent. */
export class UsageError extends SgridError {
  constructor(message: string, hint?: string) {
    super('bad_request', message, { hint });
  }
}

/** Ends the command with this code; what went wrong, if anything did, is its cause. */
export class ExitWith extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, cause?: unknown) {
    super(`exit status ${exitCode}`, { cause });
    this.exitCode = exitCode;
  }
}

/** Somebody wants the command to end: the reason with which `CliIo.signal` aborts. */
export class EndedBySignal extends ExitWith {
  constructor(signal: EndingSignal) {
    super(BY_SIGNAL[signal]);
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ExitWith) return error.exitCode;
  if (error instanceof UsageError) return EXIT.usage;
  if (!(error instanceof SgridError)) return EXIT.failed;
  switch (error.code) {
    // The master looks closer at what was asked than we can.
    case 'bad_request':
      return EXIT.usage;
    case 'unauthenticated':
    case 'protocol_mismatch':
    case 'disconnected':
      return EXIT.noMaster;
    case 'timeout':
      return EXIT.timedOut;
    case 'cancelled':
      return EXIT.interrupted;
    default:
      return EXIT.failed;
  }
}
