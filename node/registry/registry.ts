import { join } from 'node:path';
import {
  applyRegistryChange,
  diffRegistry,
  inOrder,
  type RegistryChange,
  type RegistryEntry,
  type RegistryTable,
  registryDigest,
  toRegistryTable,
} from '../../common/domain/registry.ts';
import { describeError } from '../../common/protocol/errors.ts';
import { explainFileError, readFileIfThere } from '../../common/system/atomic-file.ts';
import type { Logger } from '../supervisor/ports.ts';
import { createStatFile, type StatFile } from './stat-file.ts';
import { formatStat, formatStatList, parseStat } from './stat-format.ts';

/** Which instance answers where, as this node knows it. */
export interface Registry {
  /** Instances of all nodes: those of this one as they are, the others as the master last said. */
  table(): RegistryTable;
  /** Whether a master is there that keeps it up to date; else it is as last known. */
  isCurrent(): boolean;
  /** What the master's table looks like here; see `node.report`. */
  digest(): string;
  /** The master said what changed. @param link ends with the connection that it came by. */
  receive(change: RegistryChange, link: AbortSignal): void;
  /** Something changed on this node. Seen to soon, together with what else does. */
  localChanged(): void;
  /** Called whenever `table` has another content. @returns the way to end it. */
  listen(listener: () => void): () => void;
  /** Writes what is left to be written. The files stay. */
  close(): Promise<void>;
}

export interface RegistryOptions {
  /** Where `stat.json` and `stat-remote.json` are. */
  directory: string;
  nodeId: number;
  /** What can be found on this node now. */
  local: () => RegistryEntry[];
  clock: () => number;
  logger: Logger;
  /** Files are written again after so long without a change, so that `update_time` says that somebody still looks. */
  refreshMs?: number;
}

const REFRESH_MS = 10_000;
/** A restart changes an instance's status several times. */
const GATHER_MS = 20;

/** A file, and the list that it has or is about to have; null when that is not known. */
interface Written {
  file: StatFile;
  list: string | null;
}

/**
 * Opens the registry out of the files of an earlier agent and keeps the files up to date. `stat-remote.json` is the
 * table's own memory: without a master it stays as last known, also over starts of the agent.
 */
export function openRegistry(options: RegistryOptions): Registry {
  const { directory, nodeId, clock, logger, refreshMs = REFRESH_MS } = options;
  const listeners = new Set<() => void>();
  const kept = loadTable(join(directory, 'stat-remote.json'), logger);
  let remote: RegistryTable = kept ?? new Map();
  let merged: RegistryTable = new Map();
  let link: AbortSignal | null = null;
  let gathering: NodeJS.Timeout | null = null;

  const isCurrent = (): boolean => link !== null && !link.aborted;
  const open = (name: string, list: string | null): Written => {
    let failing = false;
    const written: Written = {
      list,
      file: createStatFile(join(directory, name), (error) => {
        if (error === null) {
          failing = false;
          return;
        }
        // Tried again at the next refresh, and said once.
        written.list = null;
        const reason = describeError(explainFileError(error, join(directory, name)));
        if (!failing) logger.error({ file: name, reason }, 'a registry file could not be written');
        failing = true;
      }),
    };
    return written;
  };
  const own = open('stat.json', null);
  const all = open('stat-remote.json', kept === null ? null : formatStatList(inOrder(kept)));

  function writeAnew(written: Written, table: RegistryTable): void {
    written.list = formatStatList(inOrder(table));
    written.file.write(formatStat(written.list, clock()));
  }

  function writeIfChanged(written: Written, table: RegistryTable): void {
    if (written.list !== formatStatList(inOrder(table))) writeAnew(written, table);
  }

  /** The node knows its own instances best, also when no master is there to tell it of them. */
  function update(): void {
    const local = toRegistryTable(options.local());
    const next = new Map([...remote].filter(([, entry]) => entry.nodeId !== nodeId));
    for (const [instanceId, entry] of local) next.set(instanceId, entry);
    writeIfChanged(own, local);
    writeIfChanged(all, next);
    if (diffRegistry(merged, next) === null) return;
    merged = next;
    for (const listener of [...listeners]) listener();
  }

  update();
  const refresh = setInterval(() => {
    writeAnew(own, toRegistryTable(options.local()));
    // Without a master its time goes on saying when it was last known to be right.
    if (isCurrent()) writeAnew(all, merged);
    else writeIfChanged(all, merged);
  }, refreshMs);

  return {
    table: () => merged,
    isCurrent,
    digest: () => registryDigest(remote),
    receive(change, from) {
      const wasCurrent = isCurrent();
      link = from;
      remote = applyRegistryChange(remote, change);
      update();
      if (!wasCurrent) writeAnew(all, merged);
    },
    localChanged() {
      gathering ??= setTimeout(() => {
        gathering = null;
        update();
      }, GATHER_MS);
    },
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      clearInterval(refresh);
      if (gathering !== null) {
        clearTimeout(gathering);
        gathering = null;
        update();
      }
      await Promise.all([own.file.settle(), all.file.settle()]);
    },
  };
}

/** Null when there is none that can be read. */
function loadTable(file: string, logger: Logger): RegistryTable | null {
  try {
    const text = readFileIfThere(file);
    return text === null ? null : toRegistryTable(parseStat(text));
  } catch (error) {
    logger.warn(
      { file, reason: describeError(error) },
      'the registry of other nodes cannot be read; it comes anew with the master',
    );
    return null;
  }
}
