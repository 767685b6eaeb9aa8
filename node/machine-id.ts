import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileIfThere } from '../common/system/atomic-file.ts';

/** Makes our hash another one than that of every other program that hashes the machine id. */
const APPLICATION = 'sgridnode';

/**
 * A hash that is this machine's, or empty when it has no id that outlives a boot: an image whose /etc cannot be written gets
 * a new one each time, in /run/machine-id, mounted over the file (systemd-machine-id-setup(1)).
 *
 * machine-id(5): the id is confidential and must be hashed with a key of the application before it leaves the machine.
 *
 * @param root where `etc` and `run` are.
 * @returns lower-case hex.
 */
export function readMachineId(root = '/'): string {
  if (existsSync(join(root, 'run/machine-id'))) return '';
  let text: string | null = null;
  try {
    text = readFileIfThere(join(root, 'etc/machine-id'));
  } catch {
    // Not readable: as good as none.
  }
  const machineId = text?.trim() ?? '';
  // "uninitialized" stands there until the first boot is through.
  if (!/^[0-9a-f]{32}$/.test(machineId)) return '';
  return createHmac('sha256', Buffer.from(machineId, 'hex')).update(APPLICATION).digest('hex');
}
