import { expect, test } from 'vitest';
import { type AgentEvent, agentEventSchema } from '../../../common/domain/event.ts';
import { createDiskWatch } from '../../../node/stats/disk-watch.ts';

test('a disk that gets full is told once, and again only after it had space', () => {
  const told: AgentEvent[] = [];
  const watch = createDiskWatch({ append: (event) => told.push(event), clock: () => 5 });
  const look = (usedBytes: number, other = 0) =>
    watch.look([
      { mountPoint: '/var', usedBytes, totalBytes: 1000 },
      { mountPoint: '/data', usedBytes: other, totalBytes: 1000 },
      { mountPoint: '/empty', usedBytes: 0, totalBytes: 0 },
    ]);
  const messages = () => told.splice(0).map(({ message }) => message.split(':')[0]);
  look(949);
  expect(messages()).toEqual([]);
  look(979);
  look(1000);
  look(920);
  look(960);
  expect(told.map((event) => agentEventSchema.parse(event).kind)).toEqual(['log.failed']);
  expect(messages()).toEqual(['disk /var is 97 % full']);
  look(960, 1000);
  expect(messages()).toEqual(['disk /data is 100 % full']);
  look(899);
  look(950);
  expect(messages()).toEqual(['disk /var is 95 % full']);
});
