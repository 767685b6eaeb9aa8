import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  parseBootedAt,
  parseCpuCount,
  parseCpuTicks,
  parseJavaVersion,
  parseLoadavg,
  parseMeminfo,
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

test('/proc/meminfo, with and without MemAvailable', () => {
  expect(parseMeminfo(fixture('meminfo'))).toEqual({
    totalBytes: 24_684_092 * 1024,
    availableBytes: 22_226_604 * 1024,
  });
  expect(parseMeminfo('MemTotal: 100 kB\nMemFree:   40 kB\n').availableBytes).toBe(40 * 1024);
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
