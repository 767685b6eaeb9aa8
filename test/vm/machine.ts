import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { Image } from './image.ts';

export interface BootOptions {
  image: Image;
  payloadDisk: string;
  /** Where the guest's console goes: kernel and systemd messages, for people. */
  consoleFile: string;
  /** Told of each line on the guest's second serial port. */
  onLine: (line: string) => void;
  /** Ends the machine. */
  signal: AbortSignal;
}

/** The last two lines: what is slow when emulated. A clock that is a device is asked by a system call each time. */
const KERNEL_PARAMETERS = [
  'root=/dev/vda rw console=ttyS0 quiet loglevel=4 systemd.show_status=0 panic=-1',
  'clocksource=tsc tsc=reliable',
  'mitigations=off',
].join(' ');

/**
 * Boots the image and waits until the guest has powered itself off.
 *
 * @returns how the machine ended, for people
 *
 * Emulated (TCG), since /dev/kvm of a machine that is itself virtual may be there and hang. Both disks are snapshots:
 * what the guest writes lives until qemu ends, so it survives the guest's reboot and nothing else.
 */
export async function bootMachine(options: BootOptions): Promise<string> {
  const { image } = options;
  const drive = (file: string): string[] => ['-drive', `file=${file},format=raw,if=virtio,snapshot=on`];
  // The kernel ends qemu with us, even after a SIGKILL: PR_SET_PDEATHSIG survives execve.
  const machine = execa(
    'setpriv',
    [
      ...['--pdeathsig', 'KILL', 'qemu-system-x86_64'],
      ...[
        '-accel',
        'tcg,thread=multi',
        '-cpu',
        'max',
        '-smp',
        '2',
        '-m',
        '2048',
        '-nodefaults',
        '-no-user-config',
      ],
      ...['-display', 'none', '-nic', 'none', '-device', 'virtio-rng-pci'],
      ...['-kernel', image.kernel, '-initrd', image.initrd],
      ...['-append', KERNEL_PARAMETERS],
      ...drive(image.disk),
      ...drive(options.payloadDisk),
      ...['-serial', `file:${options.consoleFile}`, '-serial', 'stdio'],
    ],
    {
      stdin: 'ignore',
      buffer: false,
      reject: false,
      cancelSignal: options.signal,
      forceKillAfterDelay: 2000,
    },
  );
  const lines = createInterface({ input: machine.stdout });
  // A serial terminal ends its lines with CR LF.
  lines.on('line', (line) => options.onLine(line.replace(/\r/g, '')));
  const errors: Buffer[] = [];
  machine.stderr.on('data', (chunk: Buffer) => errors.push(chunk));
  const result = await machine;
  lines.close();
  if (options.signal.aborted) {
    const { reason } = options.signal;
    return reason instanceof Error ? reason.message : String(reason);
  }
  if (result.exitCode === 0) return 'the machine went off';
  return Buffer.concat(errors).toString('utf8').trim() || (result.shortMessage ?? 'qemu ended');
}
