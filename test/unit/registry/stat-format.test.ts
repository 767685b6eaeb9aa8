import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { formatStat, formatStatList, parseStat } from '../../../node/registry/stat-format.ts';
import { entryOf } from './support.ts';

const AT = Date.UTC(2025, 4, 3, 2, 5, 9, 999);

test('an empty list, byte by byte', () => {
  const bytes = Buffer.from(formatStat(formatStatList([]), AT));
  expect(bytes.toString('latin1')).toBe('{"update_time":"2025-05-03 02:05:09","stat_list":[]}');
  expect(bytes).toHaveLength(52);
});

test('instances, byte by byte: the keys and their order of the format, docker_name only where there is one', () => {
  const entries = [
    entryOf(5, { serviceName: 'SgridTestGoServer', pid: 910613, host: '10.0.12.17', port: 16501, nodeId: 1 }),
    entryOf(6, { serviceName: 'db', pid: 7, host: 'fd00::1', port: 1, nodeId: 2, dockerName: 'db_"1"' }),
  ];
  expect(Buffer.from(formatStat(formatStatList(entries), AT)).toString('latin1')).toBe(
    '{"update_time":"2025-05-03 02:05:09","stat_list":[' +
      '{"node_id":5,"server_name":"SgridTestGoServer","pid":910613,"host":"10.0.12.17","port":16501,"machine_id":1,"server_id":3},' +
      '{"node_id":6,"server_name":"db","pid":7,"host":"fd00::1","port":1,"machine_id":2,"server_id":3,"docker_name":"db_\\"1\\""}' +
      ']}',
  );
});

test('the time is the local one of the node, without a zone', () => {
  const module = fileURLToPath(new URL('../../../node/registry/stat-format.ts', import.meta.url));
  const script = `import { formatLocalTime } from ${JSON.stringify(module)}; process.stdout.write(formatLocalTime(${AT}))`;
  const inZone = (zone: string): string =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TZ: zone },
      encoding: 'utf8',
    });
  expect(inZone('Asia/Shanghai')).toBe('2025-05-03 10:05:09');
  expect(inZone('America/New_York')).toBe('2025-05-02 22:05:09');
});

test('what was written is read back, and what others wrote with white space', () => {
  const entries = [entryOf(1), entryOf(2, { dockerName: 'x' })];
  expect(parseStat(formatStat(formatStatList(entries), AT))).toEqual(entries);
  expect(parseStat('{\n "update_time": "", "stat_list": [ ]\n}\n')).toEqual([]);
});

test.each([
  ['', /not JSON/],
  ['{"update_time":"x","stat_list":[{"node_id":5', /not JSON/],
  ['{"update_time":"x"}', /stat_list/],
  ['{"update_time":"x","stat_list":[{"node_id":"5"}]}', /stat_list\.0\.node_id/],
])('%j is refused, saying where', (text, message) => {
  expect(() => parseStat(text)).toThrow(message);
});
