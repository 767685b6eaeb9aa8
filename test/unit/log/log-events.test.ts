import { expect, test } from 'vitest';
import { type AgentEvent, agentEventSchema } from '../../../common/domain/event.ts';
import { createLogEvents } from '../../../node/log/log-events.ts';

test('failures are told at once; of rotations one in ten minutes, with how many it stands for', () => {
  let now = 1_000_000;
  const told: AgentEvent[] = [];
  const { tell, forget } = createLogEvents({
    clock: () => now,
    newId: () => crypto.randomUUID(),
    append: (event) => told.push(event),
  });
  const rotated = (instanceId: number) => tell({ instanceId, kind: 'rotated', message: 'log rotated' });
  const messages = () => told.map(({ instanceId, kind, message }) => [instanceId, kind, message]);
  rotated(1);
  rotated(1);
  rotated(2);
  now += 599_999;
  rotated(1);
  tell({ instanceId: 1, kind: 'failed', message: 'no space' });
  now += 1;
  tell({ instanceId: 1, kind: 'truncated', message: 'log truncated' });
  rotated(1);
  expect(messages()).toEqual([
    [1, 'log.rotated', 'log rotated'],
    [2, 'log.rotated', 'log rotated'],
    [1, 'log.failed', 'no space'],
    [1, 'log.rotated', 'log truncated (and 2 times before)'],
  ]);
  // The machine's clock was set back by a year.
  now -= 365 * 86_400_000;
  rotated(1);
  expect(told.length).toBe(5);
  rotated(1);
  forget(1);
  rotated(1);
  expect(told.slice(5).map(({ message }) => message)).toEqual(['log rotated']);
  for (const event of told)
    expect(agentEventSchema.safeParse({ ...event, at: event.at + 1e12 }).success).toBe(true);
});
