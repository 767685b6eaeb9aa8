import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Of busybox alone: no network is needed for it. */
export const IMAGE = 'sgrid-test:busybox';
const BUSYBOX_FILES = ['/bin/busybox', '/usr/bin/busybox'];
const APPLETS = ['sh', 'sleep', 'echo', 'printf', 'seq', 'cat', 'tr', 'head', 'yes', 'date', 'dd'];

/** Asks the container service; a failure throws. */
export function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Whether a real container service answers here, and an image can be made for it. */
export function hasEngine(): boolean {
  try {
    docker('version', '--format', '{{.Server.Version}}');
    return BUSYBOX_FILES.some(existsSync);
  } catch {
    return false;
  }
}

/** Makes the image out of this machine's busybox and the libraries that it needs. */
export function importImage(): void {
  const root = mkdtempSync(join(tmpdir(), 'sgrid-image-'));
  try {
    const busybox = BUSYBOX_FILES.find(existsSync) ?? '';
    mkdirSync(join(root, 'bin'));
    mkdirSync(join(root, 'tmp'));
    copyFileSync(busybox, join(root, 'bin/busybox'));
    for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
    for (const library of librariesOf(busybox)) {
      mkdirSync(join(root, dirname(library)), { recursive: true });
      copyFileSync(library, join(root, library));
    }
    const archive = join(root, 'image.tar');
    execFileSync('tar', ['-cf', archive, '-C', root, '--exclude', './image.tar', '.']);
    docker('import', archive, IMAGE);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function librariesOf(program: string): string[] {
  try {
    return (
      execFileSync('ldd', [program], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).match(
        /\/\S+/g,
      ) ?? []
    );
  } catch {
    return []; // statically linked
  }
}

/** Removes containers whose names begin so; those that are gone are fine. */
export function removeContainers(prefix: string): void {
  const names = docker('container', 'ls', '--all', '--format', '{{.Names}}').split('\n');
  const ours = names.filter((name) => name.startsWith(prefix));
  if (ours.length > 0) docker('container', 'rm', '--force', '--volumes', ...ours);
}
