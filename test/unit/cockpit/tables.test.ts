import { describe, expect, test } from 'vitest';
import { displayWidth } from '../../../cockpit/format/width.ts';
import { loadTranslate } from '../../../cockpit/language/translate.ts';
import { frameOf } from '../../../cockpit/view-model/frame.ts';
import type { InstanceStatus, InstanceView } from '../../../common/domain/instance.ts';
import { linkUp } from '../../support/recorded-client.ts';
import { lineText, NOW, recording, Session } from './support.ts';

const { snapshot } = recording;
const instance = (id: number): InstanceView => {
  const found = snapshot.instances.find((view) => view.instanceId === id);
  if (found === undefined) throw new Error(`no instance ${id} in the recording`);
  return found;
};

const statusOf = (id: number): InstanceStatus => {
  const { status } = instance(id);
  if (status === null) throw new Error(`instance ${id} has no status in the recording`);
  return status;
};

describe('nodes', () => {
  test('rows at 80 columns', () => {
    expect(Session.ready().body()).toEqual([
      ' 3 nodes: 2 up, 1 down   CPU 1.96 of 16 cores   memory 8.0G of 32G',
      ' 6 instances: 3 running, 1 crash-loop, 1 out of reach, 1 stopped',
      '  LINK  NODE^      ADDRESS       UP/ALL  CPU%       MEM  LOAD    AGE DRIVER',
      '> up    alpha      10.0.0.1         2/3  16.8  5.0G/16G  1.34     0s cgroupfs-v2',
      '  up    beta       10.0.0.2         1/2   7.8  3.0G/16G  0.62     0s cgroupfs-v2',
      '  down  gamma      10.0.0.3         ?/1     -         -     - 12m34s none',
    ]);
  });

  test('one that is up was seen with its last figures, not when it connected', () => {
    const nodes = snapshot.nodes.map((node) => ({ ...node, lastSeenAt: snapshot.at - 600_000 }));
    const page = Session.ready()
      .does({ type: 'snapshot', snapshot: { ...snapshot, nodes } })
      .keys('d');
    expect(page.body().find((line) => line.includes('Last seen'))).toMatch(/ 0s ago$/);
  });

  test('one that is cordoned says so, in its row, above it and on its page, and can be asked for', () => {
    const nodes = snapshot.nodes.map((node) => ({ ...node, isCordoned: node.nodeId === 2 }));
    const session = Session.ready({ columns: 120, rows: 30 });
    session.does({ type: 'frame', frame: { at: snapshot.at, nodes } });
    expect(session.body()[0]).toContain('3 nodes: 2 up (1 cordoned), 1 down');
    session.keys('/', ...'state:cordoned', 'enter');
    expect(
      session
        .body()
        .slice(3)
        .filter((line) => line !== ''),
    ).toEqual([expect.stringMatching(/^> cordoned +beta/)]);
    session.keys('d');
    expect(session.body().join('\n')).toMatch(/New instances +none: it is cordoned/);
  });

  test('enter opens the instances of the node and asks for its figures alone; esc goes back to all', () => {
    const session = Session.ready();
    session.took();
    expect(session.keys('down', 'enter').took()).toEqual([
      { type: 'watch', scope: { kind: 'node', nodeId: 2 } },
    ]);
    expect(session.header()[1]).toContain('nodes > beta');
    expect(session.keys('esc').took()).toEqual([{ type: 'watch', scope: { kind: 'all' } }]);
    expect(session.state.views).toHaveLength(1);
  });
});

describe('instances', () => {
  test('rows of a node at 120 columns', () => {
    const session = Session.ready({ columns: 120, rows: 30 }).keys('enter');
    session.does({ type: 'histories', histories: recording.histories });
    expect(session.body().slice(1)).toEqual([
      '  STATE         SERVICE^        RELEASE         PID   PORT   CPU%    MEM/LIMIT   UPTIME   RST  LAST EXIT      CPU 20s',
      '> crash-loop    native-echo     0.9.1             -   8103      -       -/512M        -     8  exit 3',
      '  running       pricing         2026.11        4333   8102   51.2         310M    2h03m     0  -                       ⢸',
      '  running       web             1.1.0          4111   8101   12.3   118M/512M!    2h01m     2  OOM killed     ⣶⣾⣷⣶⣤⣀⣀⣀⣠⣴',
    ]);
  });

  test('at 80 columns an instance that does not run says why, in the place of the figures that it has none of', () => {
    const session = Session.ready().keys('enter');
    const exit = {
      ...statusOf(4).lastExit,
      code: 3,
      oomKilled: false,
      endedAt: snapshot.at - 12_000,
    } as never;
    const crashed = {
      ...instance(4),
      status: { ...statusOf(4), lastExit: exit, reason: 'eight fast deaths' },
    };
    session.does({ type: 'frame', frame: { at: snapshot.at, instances: [crashed] } });
    expect(session.body()[2]).toMatch(
      /^> crash-loop +native-echo +0\.9\.1 +:\d+ exit 3 \d+s ago, 8 restarts$/,
    );
    expect(displayWidth(session.body()[2] ?? '')).toBeLessThanOrEqual(80);
    expect(session.body()[3]).toMatch(/running +pricing .* 4333/);
  });

  test('uptime counts from the start on the node, whatever the three clocks say', () => {
    // Instance 2 is on node 2, whose clock is 1.5 s ahead of the master's, which is 5 s ahead of the cockpit's.
    const session = Session.ready().keys('down', 'enter');
    const startedAt = instance(2).status?.startedAt ?? 0;
    const nodeNow = snapshot.at + 1500;
    session.does({
      type: 'frame',
      frame: {
        at: snapshot.at,
        instances: [{ ...instance(2), status: { ...statusOf(2), startedAt: nodeNow - 61_000 } }],
      },
    });
    expect(startedAt).toBeGreaterThan(0);
    expect(session.body().join('\n')).toContain(' 1m01s ');
  });

  test('all instances stand grouped below their node, and ungrouped with a node column when sorted otherwise', () => {
    const session = Session.ready({ columns: 100, rows: 24 }).keys('i');
    const grouped = session
      .body()
      .slice(2)
      .map((line) => line.slice(0, 32).trimEnd());
    expect(grouped).toEqual([
      ' alpha  10.0.0.1',
      '> crash-loop    native-echo',
      '  running       pricing',
      '  running       web',
      ' beta  10.0.0.2',
      '  stopped       reports',
      '  running       web',
      ' gamma  10.0.0.3  node down, as',
      '  running?      web',
    ]);
    session.keys('C');
    const sorted = session.body();
    expect(sorted[1]).toMatch(/STATE +SERVICE +NODE .*CPU%v/);
    expect(sorted[2]).toMatch(/^ {2}running +pricing +alpha/);
    session.keys('C');
    expect(session.body()[1]).toContain('CPU%^');
  });

  test('the selection stays on its instance while rows come, go and change places', () => {
    const session = Session.ready().keys('i', 'down', 'down');
    expect(session.body().find((line) => line.startsWith('>'))).toContain('web');
    const selected = session.state.views.at(-1)?.table.selectedId;
    expect(selected).toBe(1);
    session.does({ type: 'frame', frame: { at: snapshot.at, removedInstanceIds: [4] } });
    expect(session.state.views.at(-1)?.table.selectedId).toBe(1);
    session.keys('C', 'C');
    expect(session.state.views.at(-1)?.table.selectedId).toBe(1);
    session.does({ type: 'frame', frame: { at: snapshot.at, removedInstanceIds: [1] } });
    expect(session.state.views.at(-1)?.table.selectedId).not.toBe(1);
    expect(session.body().some((line) => line.startsWith('>'))).toBe(true);
  });

  test('a filter looks at what is shown, upper and lower case alike, but not at live figures', () => {
    const session = Session.ready().keys('i', '/', 'WEB');
    expect(session.body().filter((line) => line.includes(' web '))).toHaveLength(3);
    expect(session.header()[1]).toContain('/WEB 3 shown');
    session.keys('esc', '/', '310M', 'enter');
    expect(session.body().join('\n')).toContain('No row meets "310M"');
    session.keys('esc');
    expect(session.body()).toHaveLength(11);
  });

  test('a release that is still to come is marked', () => {
    const session = Session.ready({ columns: 120, rows: 30 }).keys('enter');
    const next = { releaseId: 9, version: '1.2.0', sha256: 'c'.repeat(64), sizeBytes: 1 };
    session.does({
      type: 'frame',
      frame: { at: snapshot.at, instances: [{ ...instance(1), release: next }] },
    });
    expect(session.body().join('\n')).toContain(' ->1.2.0 ');
  });
});

test('a key that does nothing on this screen says where it works', () => {
  const session = Session.ready();
  session.keys('r');
  expect(session.status()).toContain('"r" (restart) works on instances');
  expect(session.status()).toContain('enter opens them');
  session.keys('j');
  expect(session.status()).toBe('');
  session.keys('z');
  expect(session.status()).toContain('"z" does nothing here; ? lists the keys');
  session.keys('esc', 'enter', 'r', 'z');
  expect(session.status()).toBe('');
});

test('events name what they are about, also at 60 columns', () => {
  const session = Session.ready({ columns: 60, rows: 15 }).keys(':ev\r');
  session.does({ type: 'events', events: recording.events, whole: true });
  expect(session.body()[0]).toMatch(/TIMEv +EVENT +SUBJECT +MESSAGE/);
});

test('an event of a service alone names that, and its kind is whole at 80 columns', () => {
  const session = Session.ready({ columns: 80, rows: 15 }).keys(':ev\r');
  const [event] = recording.events;
  if (event === undefined) throw new Error('no event was recorded');
  const finished = {
    ...event,
    kind: 'rollout.finished',
    instanceId: null,
    nodeId: null,
    serviceId: 3,
  } as const;
  session.does({ type: 'events', events: [finished], whole: true });
  expect(session.body().join('\n')).toMatch(/ rollout\.finished +native-echo /);
});

describe('what depends on the link', () => {
  test.each([
    [':inst node:1', 'down', 0],
    [':nodes', 'down', 0],
    [':pulse', 'down', 0],
    [':inst node:1', 'up', 3_500],
    [':nodes', 'up', 3_500],
  ] as const)('%s with the link %s and no data: no uptime and no age counts on', (where, link, countedMs) => {
    const session = Session.ready({ columns: 200, rows: 30 }).keys(`${where}\r`);
    const last = session.state.now;
    const cells = (): string =>
      session
        .at(last + countedMs)
        .body()
        .join('\n');
    const first = cells();
    if (link === 'down')
      session.does({ type: 'link', link: { state: 'down', since: NOW, attempt: 3, lastError: null } });
    const before = cells();
    expect(before).toBe(first);
    session.at(last + 600_000);
    expect(session.body().join('\n')).toBe(before);
    expect(session.header()[1]).toMatch(/figures are 10m\d+s old/);
    session.does({ type: 'link', link: linkUp() });
    session.does({ type: 'frame', frame: { at: recording.snapshot.at + 600_000 } });
    expect(session.body().join('\n')).not.toBe(before);
  });

  test('with all nodes down the time that they are away counts on, and no uptime of theirs does', () => {
    const nodes = snapshot.nodes.map((node) => ({
      ...node,
      link: 'down' as const,
      lastSeenAt: recording.snapshot.at,
    }));
    const session = Session.ready({ columns: 200, rows: 30 }).keys(':nodes\r');
    session.does({ type: 'frame', frame: { at: snapshot.at, nodes } });
    session.at(session.state.now + 600_000);
    expect(session.body().join('\n')).toMatch(/alpha .* 10m\d\ds /);
    expect(session.header()[1]).toMatch(/figures are 10m\d\ds old/);
    session.keys(':inst web@alpha\r');
    const before = session.body().join('\n');
    expect(before).toMatch(/running\? +web .* 118M/);
    expect(
      session
        .at(session.state.now + 600_000)
        .body()
        .join('\n'),
    ).toBe(before);
  });

  test('without any node nothing is old', () => {
    const session = Session.ready();
    session.does({ type: 'snapshot', snapshot: { ...snapshot, nodes: [], instances: [] } });
    session.at(NOW + 600_000).does({ type: 'tick' });
    expect(session.header()[1]).toContain('data 0s old');
  });

  test('when it is down the figures stay, grey, with their age; and come back by themselves', () => {
    const session = Session.ready().keys('enter');
    session.does({ type: 'link', link: { state: 'down', since: NOW, attempt: 3, lastError: null } });
    session.at(NOW + 12_000).does({ type: 'tick' });
    expect(session.header()).toEqual([
      expect.stringContaining('link down 12s, reconnecting (attempt 3)'),
      expect.stringContaining('figures are 12s old'),
    ]);
    const { body } = frameOf(session.state);
    const rows = body.kind === 'lines' ? body.lines.filter((line) => lineText(line).includes('web')) : [];
    expect(rows[0]?.segments.slice(1).map((segment) => segment.tone)).toEqual(
      rows[0]?.segments.slice(1).map(() => 'stale'),
    );
    session
      .does({ type: 'link', link: linkUp() })
      .does({ type: 'frame', frame: { at: snapshot.at + 13_000 } });
    expect(session.header()[1]).toContain('data 0s old');
  });

  test('a viewer is told so before anything is sent', () => {
    const session = Session.ready(undefined, linkUp('viewer', 'bob')).keys('enter');
    session.took();
    for (const key of ['r', 'ctrl-d', 's', 'D']) {
      session.keys(key);
      expect(session.status()).toContain('Read only: "bob" is a viewer');
    }
    expect(session.state.confirm).toBeNull();
    expect(session.took()).toEqual([]);
    expect(session.header()[0]).toContain('as bob (viewer, read only)');
  });
});

test.each([
  [60, 15],
  [80, 24],
  [120, 30],
  [200, 50],
])('at %ix%i no line is wider than the terminal and the frame is exactly as high', (columns, rows) => {
  for (const keys of [[], ['enter'], ['i'], ['i', 'd'], ['?'], ['i', 'r'], ['D'], [':', 'ev', 'enter']]) {
    const session = Session.ready({ columns, rows }).keys(...keys);
    session.does({
      type: 'load-failed',
      what: 'services',
      error: { code: 'internal', message: 'long '.repeat(80) },
    });
    const frame = frameOf(session.state);
    const status = frame.status.kind === 'lines' ? frame.status.lines : [];
    const lines = [
      ...frame.header,
      ...(frame.body.kind === 'lines' ? frame.body.lines : []),
      ...status,
      frame.hints,
    ];
    for (const line of lines) {
      const width = line.segments.reduce((sum, segment) => sum + displayWidth(segment.text), 0);
      expect(width, lineText(line)).toBeLessThanOrEqual(columns);
    }
    const used = frame.header.length + frame.bodyRows + status.length + 1;
    expect(used).toBe(rows);
    if (frame.body.kind === 'lines') expect(frame.body.lines.length).toBeLessThanOrEqual(frame.bodyRows);
  }
});

test('wide characters keep the columns aligned', () => {
  const session = Session.ready();
  const [node] = snapshot.nodes;
  if (node === undefined) throw new Error('no node in the recording');
  session.does({ type: 'frame', frame: { at: snapshot.at, nodes: [{ ...node, alias: '上海-1🚀' }] } });
  const rows = session.body().slice(3);
  const columnOf = (line: string): number => displayWidth(line.slice(0, line.indexOf('10.0.0.')));
  expect(new Set(rows.map(columnOf)).size).toBe(1);
  expect(rows.join('\n')).toContain('上海-1🚀');
});

test('names from outside cannot reach the terminal as control sequences', () => {
  const session = Session.ready({ columns: 120, rows: 30 });
  const [node] = snapshot.nodes;
  if (node === undefined) throw new Error('no node in the recording');
  const evil = '\x1b[2J\u202eevil\x9b31m';
  session.does({
    type: 'frame',
    frame: { at: snapshot.at, nodes: [{ ...node, alias: evil, innerAddress: evil }] },
  });
  session.does({
    type: 'load-failed',
    what: 'services',
    error: { code: 'internal', message: evil, hint: evil },
  });
  for (const keys of [[], ['i'], ['esc', 'd']]) {
    session.keys(...keys);
    const frame = frameOf(session.state);
    const lines = [...frame.header, ...(frame.body.kind === 'lines' ? frame.body.lines : [])];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not be there
    expect([...lines.map(lineText), session.status()].join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
  }
});

test('in Chinese what is counted stands before a colon of its own width', async () => {
  const session = Session.ready();
  session.state = { ...session.state, t: await loadTranslate('zh-CN') };
  const page = session.body().join('\n');
  expect(page).toMatch(/3 个节点：2 在线/);
  expect(page).toMatch(/个实例：\d+ 运行中/);
});
