import { expect, test } from 'vitest';
import type { SgridEvent } from '../../common/domain/event.ts';
import type { Session } from '../../common/domain/presence.ts';
import {
  createRecordedClient,
  linkUp,
  type RecordedClient,
  readRecording,
} from '../support/recorded-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { openCockpit } from './cockpit-support.ts';

const recording = readRecording('three-nodes');

const session = (sessionId: string, change: Partial<Session> = {}): Session => ({
  sessionId,
  actor: sessionId,
  role: 'operator',
  from: '10.0.0.9',
  since: recording.snapshot.at - 60_000,
  changedAt: recording.snapshot.at - 5_000,
  screen: 'nodes',
  about: [],
  doing: '',
  ...change,
});
const told = (client: RecordedClient): unknown[] =>
  client.calls.filter(({ name }) => name === 'presence.tell').map(({ payload }) => payload);

test('who else is here: a count in the header, all of them in :who, and it follows', async () => {
  const client = createRecordedClient(recording);
  client.answer('presence.list', () => ({ selfId: 'alice', sessions: [session('alice')] }));
  const { terminal } = openCockpit({ client, columns: 120 });
  await terminal.waitFor('alpha');
  expect(terminal.screen()[0]).not.toContain(' here');
  const sessions = [
    session('alice'),
    session('bob', { screen: 'logs', about: ['web:8101'], doing: 'Restarting web@alpha:8101' }),
    session('script', { screen: '', role: 'viewer' }),
  ];
  client.send((listener) => listener.onPresence?.(sessions));
  await terminal.waitFor((lines) => lines[0]?.includes('+1 here') === true);
  terminal.press(':');
  terminal.type('who');
  terminal.press('enter');
  const text = (await terminal.waitFor('LOOKS AT')).join('\n');
  expect(text).toMatch(/alice \(you\) +nodes/);
  expect(text).toMatch(/bob +log of web:8101 +Restarting web@alph~ +\d+s +operator .* 10\.0\.0\.9/);
  expect(text).toMatch(/script +no screen/);
  terminal.press('/');
  terminal.type('who:bob');
  terminal.press('enter');
  await terminal.waitFor((lines) => !lines.join('\n').includes('script'));
  client.send((listener) => listener.onPresence?.([session('alice')]));
  await terminal.waitFor('No row meets "who:bob"');
  expect(terminal.screen()[0]).not.toContain(' here');
});

test('the others are told where one is and what one is about to do, at most once a second, and anew after a cut', async () => {
  const client = createRecordedClient(recording);
  const { terminal } = openCockpit({ client });
  await terminal.waitFor('alpha');
  await waitFor('the first', () => told(client).length === 1);
  expect(told(client)).toEqual([{ screen: 'nodes', about: [], doing: '' }]);
  terminal.press('i', 'd', 'escape', 'r');
  await terminal.waitFor('Restart 1 instance');
  await waitFor('the last', () => told(client).length > 1);
  // Of what went by within the second nobody is told.
  expect(told(client)).toEqual([
    { screen: 'nodes', about: [], doing: '' },
    { screen: 'instances', about: [], doing: 'about to restart 1 instance' },
  ]);
  client.setLink({ state: 'down', since: 0, attempt: 1, lastError: null });
  client.setLink(linkUp());
  await waitFor('again', () => told(client).length === 3);
  expect(told(client)[2]).toEqual(told(client)[1]);
});

test('events stand newest first, and f follows them: the cursor stays on the newest until somebody moves it', async () => {
  const client = createRecordedClient(recording);
  const { terminal } = openCockpit({ client, columns: 120 });
  await terminal.waitFor('alpha');
  terminal.press(':');
  terminal.type('events');
  terminal.press('enter');
  const listed = await terminal.waitFor(/> *\S+ \S+ +crash-loop/);
  expect(listed.join('\n')).toMatch(/crash-loop[\s\S]*restart web[\s\S]*node\.lost/);
  const [first] = recording.events;
  if (first === undefined) throw new Error('no event in the recording');
  const add = (seq: number): void => {
    const event: SgridEvent = {
      ...first,
      seq,
      eventId: `7f0c2b2e-30c3-4a65-9d3c-6f9f0b8f3b${seq}`,
      kind: 'instance.started',
      message: `number ${seq}`,
    };
    client.send((listener) => listener.onEvents?.([event]));
  };
  add(20);
  await terminal.waitFor('number 20');
  await terminal.waitFor(/> .*crash-loop/);
  terminal.press('f');
  await terminal.waitFor(/> .*number 20/);
  expect(terminal.screen()[1]).toContain('following');
  add(21);
  await terminal.waitFor(/> .*number 21/);
  terminal.press('j');
  await terminal.waitFor(/> .*number 20/);
  add(22);
  await terminal.waitFor('number 22');
  await terminal.waitFor(/> .*number 20/);
  expect(terminal.screen()[1]).not.toContain('following');
});

test('events are filtered by service, actor, kind and node', async () => {
  const client = createRecordedClient(recording);
  const { terminal } = openCockpit({ client, columns: 120 });
  await terminal.waitFor('alpha');
  for (const [filter, shown, hidden] of [
    ['service:native-echo', '8 fast deaths', 'restart web@alpha:8101'],
    ['by:alice', 'restart web@alpha:8101', '8 fast deaths'],
    ['kind:crash', '8 fast deaths', 'restart web@alpha:8101'],
    ['node:alpha by:agent', '8 fast deaths', 'restart web@alpha:8101'],
  ] as const) {
    terminal.press(':');
    terminal.type(`events ${filter}`);
    terminal.press('enter');
    const lines = await terminal.waitFor(
      (now) => now[1]?.includes(`/${filter}`) === true && now.join('\n').includes(shown),
    );
    expect(lines.join('\n'), filter).not.toContain(hidden);
  }
});
