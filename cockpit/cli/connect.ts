import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import { fromWireError, SgridError } from '../../common/protocol/errors.ts';
import { PRODUCT_VERSION } from '../../common/version.ts';
import { confirmingClient } from '../client/confirming-client.ts';
import type { MasterClient } from '../client/master-client.ts';
import { EXIT, ExitWith } from './exit-code.ts';
import { type CliIo, printLine } from './io.ts';
import { resolveTarget, type Target, type TargetOptions } from './target.ts';

const READY_TIMEOUT_MS = 15_000;

/** A client that is not connected yet. Loaded lazily: `sgrid --help` needs none of it. */
export async function openClient(target: Target, io: CliIo): Promise<MasterClient> {
  const { createMasterClient } = await import('../client/connection.ts');
  return createMasterClient({
    url: target.url,
    token: target.token,
    version: PRODUCT_VERSION,
    clock: io.clock,
    random: io.random,
  });
}

/**
 * Runs `use` with a connected client and closes it. A command, unlike the cockpit, does not wait for a master to come:
 * the first failed attempt ends it.
 */
export async function withMaster<T>(
  options: TargetOptions & { confirm?: string[] | undefined },
  io: CliIo,
  use: (client: MasterClient) => Promise<T>,
): Promise<T> {
  const target = resolveTarget(options, io);
  if (target.warning !== null) printLine(io.stderr, `sgrid: warning: ${target.warning}`);
  const client = await openClient(target, io);
  const onAbort = (): void => client.close();
  io.signal.addEventListener('abort', onAbort, { once: true });
  try {
    await firstAttempt(client).catch(rethrowRefusal);
    const confirming = options.confirm === undefined ? client : confirmingClient(client, options.confirm);
    return await use(target.isReadOnly ? readOnlyClient(confirming) : confirming);
  } catch (error) {
    throw io.signal.aborted ? new SgridError('cancelled', 'interrupted', { cause: error }) : error;
  } finally {
    io.signal.removeEventListener('abort', onAbort);
    client.close();
  }
}

/** Refuses what would change something, as the context of the user's settings asks for. */
function readOnlyClient(client: MasterClient): MasterClient {
  const refusal = (what: string) =>
    new SgridError('forbidden', `${what} would change something, and this context is read-only`, {
      hint: 'see "sgrid context list"',
    });
  return {
    ...client,
    call: (name, payload, options) =>
      cockpitLink.toMaster[name].role === 'viewer'
        ? client.call(name, payload, options)
        : Promise.reject(refusal(name)),
    upload: () => Promise.reject(refusal('an upload')),
  };
}

/** A token of the wrong role is refused by the master as one that it does not know. */
function rethrowRefusal(error: unknown): never {
  const isRefused = error instanceof SgridError && error.code === 'forbidden';
  throw isRefused ? new ExitWith(EXIT.noMaster, error) : error;
}

function firstAttempt(client: MasterClient): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = client.listen({
      onLink: (link) => {
        if (link.state !== 'connecting' || link.lastError === null) return;
        stop();
        reject(fromWireError(link.lastError));
      },
    });
    client.ready(READY_TIMEOUT_MS).then(resolve, reject).finally(stop);
  });
}
