import { editText } from './edit-text.ts';
import type { ProcessEvents } from './process-events.ts';
import { createSuspend, type Suspension } from './suspend.ts';

export interface TerminalHandoverOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly mouse: { on(): void; off(): void };
  /** Stops the job, as Ctrl-Z does. */
  readonly stopJob: () => void;
  readonly processEvents: ProcessEvents;
  /** The terminal is the cockpit's again, and its size may be another one. */
  readonly onBack: () => void;
}

export interface TerminalHandover {
  /** Tells how the screen leaves the terminal; there is none to be left before. */
  onSuspendable(leave: () => Promise<Suspension>): void;
  /** The user's editor on a text; resolves to what it left. @throws SgridError when nothing is to be changed */
  edit(text: string, name: string): Promise<string>;
  /** Whether the terminal is the editor's. */
  isEditing(): boolean;
  /** To the shell, until it continues the job. */
  suspend(): Promise<void>;
}

/** Hands the terminal to the user's editor or to the shell, and takes it back. */
export function createTerminalHandover({
  env,
  mouse,
  stopJob,
  processEvents,
  onBack,
}: TerminalHandoverOptions): TerminalHandover {
  let isEditing = false;
  let leaveScreen: () => Promise<Suspension> = () => Promise.reject(new Error('there is no screen yet'));
  const leave = (): Promise<Suspension> => {
    mouse.off();
    return leaveScreen();
  };
  const back = (): void => {
    mouse.on();
    onBack();
  };
  return {
    onSuspendable: (next) => {
      leaveScreen = next;
    },
    edit: async (text, name) => {
      // A ctrl-c there is the editor's (the terminal sends SIGINT to the whole group, termios(3)).
      isEditing = true;
      try {
        return await editText(text, name, { env, leave, back });
      } finally {
        isEditing = false;
      }
    },
    isEditing: () => isEditing,
    suspend: createSuspend({
      leave,
      stopJob,
      onContinue: (done) => {
        processEvents.on('SIGCONT', done);
        return () => void processEvents.off('SIGCONT', done);
      },
      back,
    }),
  };
}
