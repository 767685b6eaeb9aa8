import { closeSync, constants, fstatSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { execa } from 'execa';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { explainFileError } from '../../common/system/atomic-file.ts';
import { identify, type ProcessIdentity } from '../../common/system/process-identity.ts';

/**
 * A process that will cut the first bytes off a file, and has not begun. It goes away without doing so when its agent dies
 * before `go`: only then is there something to read on its standard input.
 */
export interface Cutter {
  /** To be written down before `go`: whoever takes over must not judge the file while it lives. */
  readonly identity: ProcessIdentity;
  /** Lets it cut, and resolves when it has ended; whether it has cut is for the file to tell. */
  go(): Promise<{ failure: string | null }>;
  /** Ends it without cutting. */
  cancel(): Promise<void>;
}

/**
 * Prepares to cut `lengthBytes` off the front of an open file with fallocate(2) FALLOC_FL_COLLAPSE_RANGE, which needs a
 * whole number of blocks and more bytes behind them. The file is named by our descriptor, since the directory belongs to programs, who
 * could put another file in its place.
 *
 * @param fd open for writing
 * @throws SgridError `internal` when no process can be started
 */
export function prepareCut(fd: number, lengthBytes: number): Cutter {
  const subprocess = execa(
    '/bin/sh',
    [
      '-c',
      'read -r go && exec fallocate --collapse-range --offset 0 --length "$1" "$2"',
      ...['sh', String(lengthBytes), `/proc/${process.pid}/fd/${fd}`],
    ],
    { stdio: ['pipe', 'ignore', 'pipe'], env: { LC_ALL: 'C' }, reject: false, maxBuffer: 4096 },
  );
  const identity = subprocess.pid === undefined ? null : identify(subprocess.pid);
  // It may be gone before it is told anything.
  subprocess.stdin.on('error', () => {});
  if (identity === null) {
    subprocess.stdin.destroy();
    throw new SgridError('internal', said`fallocate could not be started`, {
      hint: said`look at the number of processes and free memory`,
    });
  }
  return {
    identity,
    async go() {
      subprocess.stdin.end('go\n');
      const { failed, stderr } = await subprocess;
      return { failure: failed ? stderr.trim().slice(0, 500) || 'fallocate failed' : null };
    },
    async cancel() {
      subprocess.stdin.end();
      await subprocess;
    },
  };
}

/** Larger units than a block: clusters of ext4 `bigalloc`, extents of an XFS realtime device. */
const LARGER_UNITS = [64 * 1024, 1024 * 1024];

/**
 * Finds out, by doing it to a file of its own, whether heads can be cut off files in this directory: ext4 and XFS can,
 * tmpfs, btrfs, overlays on those and NFS cannot (man 2 fallocate), nor can a machine without util-linux.
 *
 * @param probeFile made and removed
 * @returns the unit in bytes that cuts must be a multiple of; null when it cannot be done
 * @throws SgridError `no_space`, `permission_denied`, `internal`: then nothing is known
 */
export async function probeCollapse(probeFile: string): Promise<number | null> {
  const { bsize } = statfsSync(dirname(probeFile));
  for (const unitBytes of [bsize, ...LARGER_UNITS.filter((bytes) => bytes > bsize)]) {
    if (await canCollapse(probeFile, unitBytes)) return unitBytes;
  }
  return null;
}

async function canCollapse(probeFile: string, unitBytes: number): Promise<boolean> {
  try {
    rmSync(probeFile, { force: true });
    const fd = openSync(
      probeFile,
      constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      writeSync(fd, Buffer.alloc(2 * unitBytes, 1));
      // Delayed allocation would tell of a full disk too late.
      fsyncSync(fd);
      await prepareCut(fd, unitBytes).go();
      return fstatSync(fd).size === unitBytes;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    throw explainFileError(error, probeFile);
  } finally {
    rmSync(probeFile, { force: true });
  }
}
