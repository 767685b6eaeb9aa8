import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import {
  addressOf,
  readAnswer,
  readOwnNode,
  readStatFile,
} from '../../../common/discovery/service-instance.ts';
import { formatStat, formatStatList } from '../../../node/registry/stat-format.ts';
import { entryOf } from '../registry/support.ts';

const instance = { instanceId: 1, nodeId: 1, host: '10.0.0.1', port: 8001, pid: 101 };

test('reads what the agent writes', () => {
  const text = formatStat(formatStatList([entryOf(1), entryOf(2, { serviceName: 'api', nodeId: 7 })]), 0);
  expect(readStatFile(text, 'web')).toEqual([instance]);
  expect(readStatFile(text, 'nobody')).toEqual([]);
  expect(readOwnNode(text)).toBe(1);
  for (const other of [formatStat('[]', 0), '', '{}', '{"stat_list":[null]}'])
    expect(readOwnNode(other)).toBeNull();
});

test('reads what existing agents write for an empty list: none at all', () => {
  expect(readStatFile('{"update_time":"2025-01-01 00:00:00"}', 'web')).toEqual([]);
});

test('reads an answer of the service that was asked for', () => {
  const text = JSON.stringify({ nodeId: 4, name: 'web', serviceId: 3, instances: [instance] });
  expect(readAnswer(text, 'web')).toEqual({ nodeId: 4, instances: [instance] });
  expect(readAnswer(text, 'api')).toBeNull();
});

test.each([
  '',
  'null',
  '[]',
  '<html>',
  '{"stat_list":[{"server_name":"web","node_id":1,"host":5,"port":1,"pid":1,"machine_id":1}]}',
  '{"stat_list":[{"server_name":"web","node_id":1,"host":"h","port":"1","pid":1,"machine_id":1}]}',
  '{"stat_list":{}}',
])('%j is neither', (text) => {
  expect(readStatFile(text, 'web')).toBeNull();
  expect(readAnswer(text, 'web')).toBeNull();
});

test('addresses as URLs have them', () => {
  expect(addressOf({ host: '10.0.0.1', port: 80 })).toBe('10.0.0.1:80');
  expect(addressOf({ host: 'fd00::1', port: 80 })).toBe('[fd00::1]:80');
});

test('the client needs nothing but Node.js itself', () => {
  const directory = fileURLToPath(new URL('../../../common/discovery', import.meta.url));
  const imports = readdirSync(directory).flatMap((file) =>
    [...readFileSync(join(directory, file), 'utf8').matchAll(/(?:from|import)\s*\(?'([^']+)'/g)].map(
      ([, target]) => target,
    ),
  );
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((target) => !/^(node:|\.\/[\w-]+\.ts$)/.test(target ?? ''))).toEqual([]);
});
