import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { nodeInfoSchema } from '../../../common/domain/node.ts';
import { readNodeInfo } from '../../../node/stats/node-info.ts';

const about = {
  driver: { name: 'none', warning: 'w'.repeat(2000) },
  agentVersion: '1.2.3',
  agentStartedAt: 5,
} as const;

test('this machine, as the protocol wants it', async () => {
  const info = await readNodeInfo({ ...about, javaCommand: 'no-such-command' });
  expect(nodeInfoSchema.parse(info)).toEqual(info);
  expect(info).toMatchObject({
    kernel: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim(),
    cpuCount: cpus().length,
    memoryBytes: totalmem(),
    agentVersion: '1.2.3',
    agentStartedAt: 5,
    cgroupDriver: 'none',
  });
  expect(info.bootedAt).toBeGreaterThan(0);
  expect(info.runtimes).toEqual({ node: process.versions.node });
});

test('a runtime that fails or says something else is not listed; a machine without os-release is Linux', async () => {
  const info = await readNodeInfo({ ...about, javaCommand: 'false', osReleaseFile: '/nonexistent' });
  expect(info.runtimes).not.toHaveProperty('java');
  expect(info.os).toBe('Linux');
});
