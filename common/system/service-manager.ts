import { execa } from 'execa';

/** What systemd is told of a service of `Type=notify`; sd_notify(3). Does nothing where nobody listens. */
export interface ServiceManager {
  /** It does its job from now on; also begins the watchdog's keep-alives, where the unit has one. */
  ready(status: string): Promise<void>;
  /** It has been asked to end, and is ending. */
  stopping(): Promise<void>;
  /** No keep-alive any more. */
  close(): void;
}

const SEND_TIMEOUT_MS = 5_000;
/** Keep-alives per watchdog time: sd_watchdog_enabled(3) asks for two, one of which may come late. */
const KEEP_ALIVES = 3;

/**
 * Talks through systemd-notify(1), since Node.js has no datagram sockets of the local family; the unit needs
 * `NotifyAccess=all` for it. A keep-alive that is sent says that the event loop turns.
 *
 * @param env of this process: `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` as systemd sets them.
 * @param onError told of what could not be sent; a service does not fail for it, its unit's time-out speaks then.
 */
export function createServiceManager(options: {
  env: Readonly<Record<string, string | undefined>>;
  pid: number;
  onError: (error: unknown) => void;
}): ServiceManager {
  const { env, pid, onError } = options;
  const socket = env.NOTIFY_SOCKET ?? '';
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function send(messages: readonly string[], failed = onError): Promise<void> {
    if (socket === '') return;
    await execa('systemd-notify', [...messages], {
      env: { NOTIFY_SOCKET: socket },
      stdio: 'ignore',
      timeout: SEND_TIMEOUT_MS,
    }).catch(failed);
  }

  /** One that is under way at the end may find nobody there any more. */
  async function keepAlive(): Promise<void> {
    await send(['WATCHDOG=1'], (error) => {
      if (!closed) onError(error);
    });
  }

  return {
    async ready(status) {
      await send(['READY=1', `STATUS=${status}`]);
      const intervalMs = watchdogMs(env, pid) / KEEP_ALIVES;
      if (socket !== '' && intervalMs > 0) timer = setInterval(() => void keepAlive(), intervalMs).unref();
    },
    stopping: () => send(['STOPPING=1']),
    close() {
      closed = true;
      clearInterval(timer);
    },
  };
}

/** The watchdog's time in milliseconds, or 0 when there is none for this process; sd_watchdog_enabled(3). */
export function watchdogMs(env: Readonly<Record<string, string | undefined>>, pid: number): number {
  const micros = Number(env.WATCHDOG_USEC ?? 0);
  const isForUs = env.WATCHDOG_PID === undefined || env.WATCHDOG_PID === String(pid);
  return isForUs && Number.isFinite(micros) && micros > 0 ? micros / 1000 : 0;
}
