import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import {
  type ConfigContent,
  type ConfigFileRef,
  type ConfigRef,
  MAX_CONFIG_BYTES,
} from '../../common/domain/config-file.ts';
import { fillSecrets } from '../../common/domain/config-template.ts';
import type { EventKind } from '../../common/domain/event.ts';
import type { Assignment } from '../../common/domain/instance.ts';
import { asMessage, said, type Told } from '../../common/domain/said.ts';
import { SgridError, tellError, toWireError } from '../../common/protocol/errors.ts';
import { type ProcessIdentity, signalProcess } from '../../common/system/process-identity.ts';
import type { Account } from '../process/account.ts';
import { giveDirectory, resolveRunAs } from '../process/run-as.ts';
import type { EventQueue } from '../supervisor/event-queue.ts';
import { uuidOf } from '../supervisor/events.ts';
import type { InstanceLayout, StateLayout } from '../supervisor/layout.ts';
import type { Logger } from '../supervisor/ports.ts';
import { type ConfigText, clearConfigFiles, replaceConfigFiles } from './config-directory.ts';
import { type Manifest, readManifest, removeManifest, writeManifest } from './manifest.ts';

/** @throws SgridError `disconnected` without a link to the master; the master's own */
export type FetchConfig = (instanceId: number, versionId: number) => Promise<ConfigContent>;

/** What runs, as far as a signal is concerned: `program` is null until it was identified, or while it is being ended. */
export interface ConfigReader {
  runId: string;
  program: ProcessIdentity | null;
}

/** The configuration files of this node's instances. */
export interface ConfigFiles {
  /**
   * Writes the files of an assignment, unless they are there. For an instance that is to be stopped a failure is only noted:
   * its next start tries again.
   *
   * @throws SgridError and changes nothing then
   */
  deliver(assignment: Assignment, reader: ConfigReader | null): Promise<void>;
  /**
   * Before a start: the same, but that a program which had files before starts with those when newer ones cannot be had.
   *
   * @throws SgridError when there never were any
   */
  ensure(assignment: Assignment): Promise<void>;
  /** Sends the signal that is due, if the program that it was meant for is there. */
  settle(instanceId: number, reader: ConfigReader | null): void;
  /** Instances that a signal is due for. */
  due(): number[];
  /** The publication that is in the directory; null for none. */
  revisionOf(instanceId: number): number | null;
  /** Takes its files away: there may be secrets in them. */
  forget(instanceId: number): Promise<void>;
}

export function createConfigFiles(options: {
  layout: Pick<StateLayout, 'instance'>;
  fetchConfig: FetchConfig;
  events: Pick<EventQueue, 'append'>;
  clock: () => number;
  procRoot: string;
  logger: Pick<Logger, 'warn'>;
}): ConfigFiles {
  const { layout, fetchConfig, events, clock, procRoot, logger } = options;
  const manifests = new Map<number, Manifest | null>();
  const tails = new Map<number, Promise<unknown>>();

  const manifestOf = (instanceId: number): Manifest | null => {
    const known = manifests.get(instanceId);
    if (known !== undefined) return known;
    const read = readManifest(manifestFile(layout.instance(instanceId)));
    manifests.set(instanceId, read);
    return read;
  };

  const save = (instanceId: number, manifest: Manifest): void => {
    const own = layout.instance(instanceId);
    writeManifest(own.spares, manifestFile(own), manifest);
    manifests.set(instanceId, manifest);
  };

  /** Two writers of one directory would take each other's files for left-overs. */
  const inTurn = <T>(instanceId: number, task: () => Promise<T>): Promise<T> => {
    const result = (tails.get(instanceId) ?? Promise.resolve()).then(task);
    const tail = result.catch(() => {});
    tails.set(instanceId, tail);
    void tail.then(() => {
      if (tails.get(instanceId) === tail) tails.delete(instanceId);
    });
    return result;
  };

  /** The same one again has the same id, so that what fails every minute is told once. */
  const tell = (instanceId: number, kind: EventKind, what: string, message: Told): void => {
    const eventId = uuidOf(`${instanceId}/${kind}/${what}`);
    events.append({ eventId, at: clock(), kind, instanceId, ...asMessage(message) });
  };

  const write = async (
    { instanceId, spec }: Assignment,
    config: ConfigRef,
    reader: ConfigReader | null,
  ): Promise<void> => {
    const own = layout.instance(instanceId);
    const before = manifestOf(instanceId);
    const texts: ConfigText[] = [];
    for (const file of config.files) texts.push(await fetchText(instanceId, file));
    demandRoom(texts);
    mkdirSync(own.conf, { recursive: true });
    const account = await ownerOf(spec.runAs);
    if (account !== null) await giveDirectory(own.conf, account);
    const place = { conf: own.conf, own: own.directory };
    await replaceConfigFiles(place, config.revision, texts, before?.names ?? [], account);
    const { action } = config;
    const isDue = action.kind === 'signal' && reader !== null;
    const names = texts.map(({ name }) => name);
    const signal = isDue ? { signal: action.signal, runId: reader.runId } : null;
    save(instanceId, { format: 1, revision: config.revision, names, signal });
    const text = said`config ${config.revision}: ${names.length === 0 ? said`no files` : names.join(', ')}`;
    tell(instanceId, 'config.delivered', String(config.revision), text);
  };

  const fetchText = async (instanceId: number, file: ConfigFileRef): Promise<ConfigText> => {
    const { text, secrets } = await fetchConfig(instanceId, file.versionId);
    const bytes = Buffer.from(text);
    if (createHash('sha256').update(bytes).digest('hex') !== file.sha256 || bytes.length !== file.sizeBytes) {
      throw new SgridError('checksum_mismatch', said`config file ${file.name} is not what was published`, {
        hint: said`publish it again`,
      });
    }
    const values = new Map(secrets.map(({ secretId, value }) => [secretId, value]));
    const filled = fillSecrets(text, (name) => {
      const secretId = file.secrets.find((secret) => secret.name === name)?.secretId;
      const value = secretId === undefined ? undefined : values.get(secretId);
      if (value !== undefined) return value;
      throw new SgridError('not_found', said`secret ${name} of ${file.name} did not come along`);
    });
    return { name: file.name, text: filled, isSecret: file.secrets.length > 0 };
  };

  const noteFailure = ({ instanceId }: Assignment, { revision }: ConfigRef, error: unknown): void => {
    const { code } = toWireError(error);
    // A link that went down comes back, and then it is asked for again.
    if (code === 'disconnected') return;
    const text = said`config ${revision} could not be written: ${tellError(error)}`;
    tell(instanceId, 'config.failed', `${revision}/${code}`, text);
  };

  return {
    deliver: (assignment, reader) =>
      inTurn(assignment.instanceId, async () => {
        const { config, instanceId, desired } = assignment;
        if (config === undefined || manifestOf(instanceId)?.revision === config.revision) return;
        try {
          await write(assignment, config, reader);
        } catch (error) {
          noteFailure(assignment, config, error);
          if (desired === 'running') throw error;
          logger.warn({ instanceId, err: error }, 'config is written at the next start');
        }
      }),

    ensure: (assignment) =>
      inTurn(assignment.instanceId, async () => {
        const { config, instanceId } = assignment;
        const there = manifestOf(instanceId);
        // A newer one may be there: the agent was killed before it had taken the assignment down.
        if (config === undefined || (there !== null && there.revision >= config.revision)) return;
        try {
          await write(assignment, config, null);
        } catch (error) {
          noteFailure(assignment, config, error);
          if (there === null) throw error;
          logger.warn({ instanceId, err: error }, `it starts with config ${there.revision}`);
        }
      }),

    settle(instanceId, reader) {
      const manifest = manifestOf(instanceId);
      const due = manifest?.signal ?? null;
      if (manifest === null || due === null) return;
      // A later run has begun with these files.
      const isOver = reader?.runId !== due.runId;
      if (!isOver && reader.program === null) return;
      if (!isOver && reader.program !== null) signalProcess(reader.program, due.signal, procRoot);
      // Behind the signal: killed in between, it is sent twice. The other way round it might never be.
      manifests.set(instanceId, { ...manifest, signal: null });
      try {
        save(instanceId, { ...manifest, signal: null });
      } catch (error) {
        logger.warn({ instanceId, err: error }, 'the next agent may send that signal again');
      }
    },

    due: () => [...manifests].flatMap(([instanceId, each]) => (each?.signal == null ? [] : [instanceId])),
    revisionOf: (instanceId) => manifestOf(instanceId)?.revision ?? null,

    forget: (instanceId) =>
      inTurn(instanceId, async () => {
        const own = layout.instance(instanceId);
        const manifest = manifestOf(instanceId);
        if (manifest !== null) {
          await clearConfigFiles({ conf: own.conf, own: own.directory }, manifest.names);
          removeManifest(manifestFile(own));
        }
        manifests.delete(instanceId);
      }),
  };
}

function manifestFile({ directory }: InstanceLayout): string {
  return `${directory}/config.json`;
}

async function ownerOf(runAs: string | undefined): Promise<Account | null> {
  if (runAs === undefined) return null;
  return (await resolveRunAs(runAs, process.geteuid?.() ?? 0))?.account ?? null;
}

/** Secrets in many places may make more of a text than was published. */
function demandRoom(texts: readonly ConfigText[]): void {
  const sizeBytes = texts.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
  if (sizeBytes > 4 * MAX_CONFIG_BYTES)
    throw new SgridError('too_large', said`its config files have ${sizeBytes} bytes with their secrets`);
}
