import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  parseBootedAt,
  parseCoreTicks,
  parseCpuCount,
  parseCpuTicks,
  parseJavaVersion,
  parseLoadavg,
  parseMeminfo,
  parseNetworkBytes,
  parseOsName,
  parseThreadCount,
} from '../../../node/stats/proc-text.ts';

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/proc/${name}.txt`, import.meta.url), 'utf8');

test('/proc/stat: busy and total ticks, CPUs, boot time', () => {
  const busyTicks = 155911 + 20836 + 83817 + 0 + 556;
  expect(parseCpuTicks(fixture('stat'))).toEqual({ busyTicks, totalTicks: busyTicks + 530813 + 1719 + 158 });
  expect(parseCpuCount(fixture('stat'))).toBe(2);
  expect(parseBootedAt(fixture('stat'))).toBe(1_795_331_275_000);
});

test('/proc/stat of an old kernel has fewer columns', () => {
  expect(parseCpuTicks('cpu  10 0 5 85\n')).toEqual({ busyTicks: 15, totalTicks: 100 });
});

test('/proc/stat: each CPU by its number, also when one is offline', () => {
  const cores = parseCoreTicks(fixture('stat'));
  expect([...cores.keys()]).toEqual([0, 1]);
  const busyTicks = 79049 + 11102 + 43391 + 0 + 486;
  expect(cores.get(1)).toEqual({ busyTicks, totalTicks: busyTicks + 261404 + 1408 + 80 });
  const offline = parseCoreTicks('cpu  9 0 0 9\ncpu0 4 0 0 4\ncpu2 5 0 0 5\nintr 1\n');
  expect([...offline.keys()]).toEqual([0, 2]);
});

test('/proc/net/dev: every interface but loopback, also where a number touches the colon', () => {
  expect([...parseNetworkBytes(fixture('net-dev'))]).toEqual([
    ['ifb0', { received: 0, sent: 0 }],
    ['ifb1', { received: 0, sent: 0 }],
    ['eth0', { received: 2_204_654_258, sent: 5_294_526 }],
  ]);
  const old =
    'Inter-| Receive\n face |bytes\n    lo:5 0 0 0 0 0 0 0 5 0\neth0:1:4294967295 1 0 0 0 0 0 0 77 1\n';
  expect([...parseNetworkBytes(old)]).toEqual([['eth0:1', { received: 4_294_967_295, sent: 77 }]]);
});

test('/proc/meminfo, with and without MemAvailable', () => {
  expect(parseMeminfo(fixture('meminfo'))).toEqual({
    totalBytes: 24_684_092 * 1024,
    availableBytes: 22_226_604 * 1024,
    swapTotalBytes: 0,
    swapFreeBytes: 0,
  });
  expect(parseMeminfo('MemTotal: 100 kB\nMemFree:   40 kB\n').availableBytes).toBe(40 * 1024);
  const swap = 'MemTotal: 100 kB\nSwapCached:  1 kB\nSwapTotal:       2097148 kB\nSwapFree:  2000000 kB\n';
  expect(parseMeminfo(swap)).toMatchObject({
    swapTotalBytes: 2_097_148 * 1024,
    swapFreeBytes: 2_000_000 * 1024,
  });
});

test('/proc/loadavg', () => {
  expect(parseLoadavg(fixture('loadavg'))).toEqual([3.02, 2.74, 3.4]);
});

test('threads are counted behind a command name with parentheses', () => {
  const text = `42 (a) b (c) S 7 42 9 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 17 0 987654321 ${'0 '.repeat(29)}`;
  expect(parseThreadCount(text)).toBe(17);
});

test('os-release: the pretty name, quoted or not', () => {
  expect(parseOsName(fixture('os-release'))).toBe('Debian GNU/Linux 12 (bookworm)');
  expect(parseOsName('NAME=x\nPRETTY_NAME=\'My "OS"\'\n')).toBe('My "OS"');
  expect(parseOsName('PRETTY_NAME="a \\"b\\" \\$c"\n')).toBe('a "b" $c');
  expect(parseOsName('')).toBe('');
});

test('java -version', () => {
  expect(parseJavaVersion(fixture('java-version'))).toBe('17.0.15');
  expect(parseJavaVersion('java version "1.8.0_402"\n')).toBe('1.8.0_402');
  expect(parseJavaVersion('command not found')).toBeNull();
});
