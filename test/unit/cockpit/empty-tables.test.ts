import { describe, expect, test } from 'vitest';
import { recording, Session } from './support.ts';

/** Keys of each table that work on a row, and what it says where there is no row. */
const TABLES: readonly (readonly [screen: string, keys: string, words: string])[] = [
  ['nodes', 'enter d ctrl-d R ctrl-x c', 'No node has joined yet. Start an agent'],
  ['pulse', 'enter', 'No node has joined yet. Start an agent'],
  [
    'instances',
    'enter l p d r ctrl-d s space ctrl-a m + b e ctrl-x U v f c x',
    'No instances yet. Add one with',
  ],
  ['services', 'enter d r ctrl-d s m + b e ctrl-x v f', 'No service is registered yet. Register one'],
  ['releases', 'enter space + b e ctrl-x c', 'No release was uploaded yet. Upload'],
  ['rollouts', 'enter b p a', 'Nothing was deployed yet. D on a service'],
  ['registry', 'enter', 'No instance is there to answer anybody. Add some'],
  ['events', 'enter', 'Nothing has happened yet. What is started'],
  ['config', 'enter e p c i ctrl-x', 'No service has config files yet. a adds one'],
];

const loaded = (session: Session): Session =>
  session
    .does({ type: 'events', events: [], whole: true })
    .does({ type: 'all-releases', releases: [] })
    .does({ type: 'rollouts', rollouts: [] })
    .does({ type: 'config', action: { type: 'config-listed', services: new Map(), isWhole: true } });

const said = (session: Session): string => session.status().replaceAll(/\s+/g, ' ');

describe.each(TABLES)('%s without a row', (screen, keys, words) => {
  test.each(keys.split(' '))('%s says why it is empty, and what to do', (key) => {
    const { snapshot } = recording;
    const session = new Session()
      .does({ type: 'snapshot', snapshot: { ...snapshot, nodes: [], instances: [] } })
      .does({ type: 'services', services: [] })
      .keys(`:${screen}\r`);
    loaded(session).took();
    expect(said(session.keys(key))).toContain(words);
    expect(session.state.confirm ?? session.state.form).toBeNull();
    expect(session.header()[1]).toContain(screen);
  });
});

test.each(['l', 'r', 'space', 'enter'])(
  'where a filter hides all, %s says so, and how they come back',
  (key) => {
    const session = Session.ready().keys('i', '/', ...'zzzz', 'enter');
    expect(said(session.keys(key))).toContain('No row meets "zzzz". Esc shows all again.');
  },
);

test('enter on an event of what is gone, or of nothing, says so; of a service it leads there', () => {
  const [event] = recording.events;
  if (event === undefined) throw new Error('the recording has events');
  const of = (about: object): Session =>
    Session.ready()
      .keys(':events\r')
      .does({
        type: 'events',
        events: [{ ...event, instanceId: null, nodeId: null, serviceId: null, ...about }],
        whole: true,
      })
      .keys('enter');
  expect(said(of({ instanceId: 999 }))).toContain('What this event is about is gone');
  expect(said(of({}))).toContain('This event is about nothing that can be opened');
  expect(of({ serviceId: 1 }).header()[1]).toContain('/service:=web');
});
