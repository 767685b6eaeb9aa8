import { describe, expect, test } from 'vitest';
import { coreWords, limitWords } from '../../../cockpit/format/limit-words.ts';
import { english } from '../../../cockpit/language/translate.ts';
import { frameOf } from '../../../cockpit/view-model/frame.ts';
import { hasEnded, type Rollout } from '../../../common/domain/rollout.ts';
import { describeLimits } from '../../../common/domain/service.ts';
import { linkUp } from '../../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { answerPlan, lineText, plans, recording, Session } from './support.ts';

const { snapshot, releases } = recording;

const protectedWeb = () =>
  recording.services.map((service) => ({ ...service, protected: service.name === 'web' })) as never;

/** On the services, the cursor on web. */
function onWeb(link = linkUp()): Session {
  const session = Session.ready(undefined, link).does({ type: 'go', screen: { name: 'services' } });
  session.keys('G');
  expect(session.body().find((line) => line.startsWith('>'))).toMatch(/> out of reach +web/);
  session.took();
  return session;
}

/** An instance with its status, as another pid. */
function reborn(session: Session, instanceId: number, pid: number) {
  const view = session.state.fleet.instances.get(instanceId);
  if (view?.status == null) throw new Error('no status');
  return { ...view, status: { ...view.status, pid } };
}

describe('a protected service', () => {
  test('wants its name typed: neither y nor another name does it', () => {
    const session = onWeb().does({ type: 'services', services: protectedWeb() });
    session.keys('ctrl-d');
    expect(session.body().join('\n')).toContain('Protected: type web and press enter');
    session.took();
    session.keys('y', 'enter');
    expect(session.status()).toContain('Type web to do it');
    expect(session.took()).toEqual([]);
    session.keys('backspace', ...'web'.split(''), 'enter');
    expect(session.took()).toMatchObject([{ type: 'run-verb', verb: 'stop', instanceIds: [1, 2, 5] }]);
  });

  test('becomes so while the question stands: y is text from then on', () => {
    const session = onWeb().keys('ctrl-d').does({ type: 'services', services: protectedWeb() });
    session.took();
    session.keys('y');
    expect(session.took()).toEqual([]);
    expect(session.state.confirm?.field.text).toBe('y');
  });

  test('is not asked about when it is only started', () => {
    const session = onWeb().does({ type: 'services', services: protectedWeb() }).keys('s');
    expect(session.body().join('\n')).toContain('Press y to start');
  });

  test('is asked about by a rollout and by a removal of its releases too', () => {
    const session = onWeb().does({ type: 'services', services: protectedWeb() });
    session.does({ type: 'go', screen: { name: 'releases' } }).does({ type: 'all-releases', releases });
    session.keys('G', 'ctrl-x');
    expect(session.body().join('\n')).toContain('Protected: type web');
    session.keys('esc', 'b');
    answerPlan(session);
    expect(session.body().join('\n')).toContain('Protected: type web');
  });
});

describe('a restart of several', () => {
  const restarting = (change: object) =>
    rolloutOf({ rolloutId: 9, kind: 'restart', version: '1.1.0', startedAt: snapshot.at, ...change });

  test("of one service is the master's rollout: its plan, then its options, then its page", () => {
    const session = onWeb().keys('r');
    const [request] = plans(session);
    expect(request).toMatchObject({
      ...{ kind: 'restart', instanceIds: [1, 2, 5] },
      options: { maxUnavailable: 1, onFailure: 'stop' },
    });
    session.keys('y');
    expect(session.took()).toEqual([]);
    answerPlan(session, { kind: 'restart' });
    const question = session.body().join('\n');
    expect(question).toContain('Restart web on 3 instances of 3 nodes?');
    expect(question).toContain('one after another; on a failure stop.  o options');
    expect(question).toContain('Of web 2 of 3 running instances stays up at any time.');
    expect(question).toContain('Press y to restart');
    session.keys('o');
    const form = session.body().join('\n');
    expect(form).toMatch(/At a time/);
    expect(form).not.toMatch(/Canary|On failure/);
    session.keys('backspace', '2', 'tab', '5', 'enter');
    expect(plans(session)).toMatchObject([
      { kind: 'restart', options: { maxUnavailable: 2, minReadyMs: 5000, onFailure: 'stop' } },
    ]);
    answerPlan(session, { kind: 'restart' }).keys('y');
    expect(session.took()).toMatchObject([{ type: 'create-rollout', request: { kind: 'restart' } }]);
    session.does({
      type: 'rollout-created',
      rollout: restarting({ steps: [stepOf({ action: 'restart' })] }),
    });
    expect(session.body().join('\n')).toContain('Restarting web 1.1.0 ...');
    const ended = { state: 'failed', endedAt: snapshot.at + 1000 } as const;
    const step = stepOf({ state: 'failed', reason: 'exit 3' });
    session.does({ type: 'rollout', rollout: restarting({ ...ended, steps: [step] }) });
    expect(session.body().join('\n')).toContain('1 instance of 1 not restarted');
    expect(session.body().join('\n')).toContain('exit 3');
  });

  test('of a protected service takes its name, which goes with the request', () => {
    const session = onWeb().does({ type: 'services', services: protectedWeb() }).keys('r');
    session.took();
    answerPlan(session, { kind: 'restart' });
    // A letter would go into the name.
    expect(session.body().join('\n')).toContain('on a failure stop.  ctrl-o options');
    session.keys('ctrl-o');
    expect(session.body().join('\n')).toMatch(/At a time/);
    session.keys('esc', ...'web', 'enter');
    expect(session.took()).toMatchObject([{ type: 'create-rollout', confirm: ['web'] }]);
  });

  test('of several services goes by service, with the same options for each', () => {
    const session = Session.ready().keys('i', 'ctrl-a', 'r');
    const question = session.body().join('\n');
    expect(question).toContain('Restart 6 instances on 3 nodes?');
    expect(question).toContain('each service by itself; one after another; on a failure stop');
    expect(question).toContain('Of web 2 of 3 running instances stays up meanwhile.');
    session.keys('o', 'backspace', ...'100%', 'enter');
    expect(session.body().join('\n')).toContain('100% at a time');
    expect(session.body().join('\n')).toContain('Of web no instance stays up meanwhile.');
    session.took();
    session.keys('y');
    const [effect] = session.took();
    if (effect?.type !== 'run-change' || effect.change.kind !== 'restart') throw new Error('not asked for');
    expect(effect.instanceIds).toHaveLength(6);
    const hit = effect.change.requests.map(({ instanceIds }) => instanceIds.join());
    expect(hit.sort()).toEqual(['1,2,5', '3', '4', '6']);
    expect(effect.change.requests.every(({ options }) => options.maxUnavailable === '100%')).toBe(true);
  });
});

test.each(['+', 'e', 'b', 'D', 'v', 'f'])('%s on marks of two services asks for one, naming both', (key) => {
  const session = Session.ready().keys(':inst\r');
  session.does({ type: 'mark-all' });
  const names = new Set(
    [...session.state.marks].map((id) => session.state.fleet.instances.get(id)?.serviceName),
  );
  expect(names.size).toBeGreaterThan(1);
  session.took();
  session.keys(key);
  expect(session.status()).toContain(`Marked are instances of ${[...names].toSorted().join(', ')}: `);
  expect(session.took()).toEqual([]);
  expect(session.state.views.at(-1)?.screen.name).toBe('instances');
  expect([session.state.form, session.state.deploy]).toEqual([null, null]);
});

describe('limits', () => {
  test('the form names whose they are: one by its name, of more the first ones', () => {
    const title = (session: Session): string | undefined => session.keys('m').body()[0]?.trim();
    expect(title(Session.ready().keys(':inst web\r', 'j'))).toBe('Limits of web@beta:8101');
    expect(title(onWeb())).toContain('Limits of 3 instances (web@alpha:8101, web@beta:8101 and 1 more)');
  });

  test('a single core is no plural, also where the figure is none', () => {
    expect([1, 0.5, 2].map((cores) => coreWords(cores, english))).toEqual(['1 core', '0.5 cores', '2 cores']);
    const limits = { cpuCores: 1, memoryMiB: 64, pids: 1 };
    expect(limitWords(limits, english)).toBe('1 core, 64 MiB, 1 pid');
    expect(describeLimits(limits)).toBe('1 core, 64 MiB, 1 pid');
  });

  test('stand beside the 95th percentile of what was used, and are refused where they make no sense', () => {
    const session = onWeb().keys('m');
    expect(session.took().at(-1)).toMatchObject({ type: 'load-use', instanceIds: [1, 2, 5] });
    const mib = 1024 * 1024;
    const samples = Array.from({ length: 100 }, (_, at) => at + 1);
    const { form } = session.state;
    const instanceIds = form?.purpose.kind === 'limits' ? form.purpose.instanceIds : [];
    session.does({
      type: 'use',
      stepMs: 10_000,
      instanceIds,
      histories: [
        { instanceId: 1, cpuMillicores: samples, memoryBytes: samples.map((value) => value * mib) },
      ],
    });
    session.keys('ctrl-u', '0.05', 'tab', 'ctrl-u', '100');
    const page = session.body().join('\n');
    expect(page).toMatch(/CPU +9\.5% of a core: 190% of 0\.05 cores, it will be throttled/);
    expect(page).toMatch(/Memory 95M: 95% of 100M, hardly any room/);
    session.keys('tab', 'ctrl-u', '200', 'enter');
    expect(session.body().join('\n')).toContain('memoryHighMiB: must be below memoryMiB');
    session.keys('ctrl-u', 'enter');
    expect(session.body().join('\n')).toMatch(/Then: 0\.05 cores, 100 MiB.*live, without a restart/);
    session.took();
    session.keys('y');
    expect(session.took()).toMatchObject([
      { type: 'run-change', change: { kind: 'limit', limits: { cpuCores: 0.05, memoryMiB: 100 } } },
    ]);
  });
});

test('limits that the master refuses are told once, with the name of the instance once', () => {
  const session = Session.ready().keys(':inst web\r', 'j', 'm', 'enter', 'y');
  const effect = session.took().find(({ type }) => type === 'run-change');
  if (effect?.type !== 'run-change') throw new Error('nothing was sent');
  const [instanceId = 0] = effect.instanceIds;
  const error = { code: 'out_of_range', message: 'limits are not possible', hint: 'choose another' } as const;
  const result = { outcomes: [{ instanceId, error }] };
  session.does({ type: 'change-done', taskId: effect.taskId, result });
  expect(session.state.toasts.map(({ text }) => text)).toEqual([
    expect.stringMatching(/^Limiting web@\w+:\d+: limits are not possible \(choose another\)$/),
  ]);
});

describe('scale', () => {
  test('proposes the next free port on the node with the fewest; cordoned nodes are left out', () => {
    const session = onWeb();
    const nodes = snapshot.nodes.map((node) => ({
      ...node,
      link: 'up' as const,
      isCordoned: node.nodeId === 3,
    }));
    session.does({ type: 'frame', frame: { at: snapshot.at, nodes } }).keys('+');
    const page = session.body().join('\n');
    expect(page).toContain('Add instances of web');
    expect(page).not.toContain('gamma');
    expect(page).toMatch(/Adds alpha\b(?!:)/);
    expect(page).toContain('port: next free of the plan');
    // 8101 to 8103 are taken on alpha.
    session.keys('up', '8101', 'tab');
    expect(session.body().join('\n')).toContain('Adds alpha:8104');
    expect(session.body().join('\n')).not.toContain('port: next free of the plan');
    session.keys('tab', 'ctrl-u', '2');
    expect(session.body().join('\n')).toContain('Adds alpha:8104, beta:8102, beta:8103');
    session.keys('ctrl-u', 'x', 'enter');
    // Once, although the preview says the same while one types.
    expect(session.body().join('\n').split('beta: "x" is no number of instances')).toHaveLength(2);
    session.keys('ctrl-u', '0', 'enter');
    expect(session.body().join('\n')).toContain('They are started with 1.1.0');
    session.took();
    session.keys('y');
    expect(session.took()).toMatchObject([
      {
        type: 'run-change',
        change: {
          kind: 'scale',
          places: [{ nodeId: 1, port: 8104 }],
          release: { releaseId: 2, version: '1.1.0' },
        },
      },
    ]);
  });

  test('leaves the ports to the master, unless one was typed', () => {
    const session = onWeb();
    const nodes = snapshot.nodes.map((node) => ({ ...node, link: 'up' as const, isCordoned: false }));
    session.does({ type: 'frame', frame: { at: snapshot.at, nodes } }).keys('+', 'ctrl-u', '2', 'enter');
    expect(session.body().join('\n')).toContain('2 instances, port: next free of the plan');
    session.took();
    session.keys('y');
    expect(session.took()).toMatchObject([{ type: 'run-change', change: { kind: 'scale' } }]);
  });
});

test('of a rollout the hints offer only what can still be done to it', () => {
  const ran = { releaseId: 1, version: '1.0.0' };
  const steps = [stepOf({ state: 'done', previous: ran })];
  const offered = (change: Partial<Rollout>): string[] => {
    const rollout = rolloutOf({ steps, ...change });
    const list = Session.ready({ columns: 200, rows: 24 }).keys(':', 'rollouts', 'enter');
    list.does({ type: 'rollouts', rollouts: [rollout] });
    const page = Session.ready({ columns: 200, rows: 24 }).keys(':', 'rollouts', 'enter');
    page.does({ type: 'rollouts', rollouts: [rollout] }).keys('enter');
    const [inList, inPage] = [list, page].map(({ state }) =>
      ['b roll back', 'p pause/resume', 'a abort'].filter((hint) =>
        lineText(frameOf(state).hints).includes(` ${hint}`),
      ),
    );
    expect(inPage).toEqual(inList);
    return inPage ?? [];
  };
  const all = ['b roll back', 'p pause/resume', 'a abort'];
  expect(offered({ state: 'running' })).toEqual(all);
  expect(offered({ state: 'paused' })).toEqual(all);
  expect(offered({ state: 'running', kind: 'restart' })).toEqual(['p pause/resume', 'a abort']);
  expect(offered({ state: 'aborting' })).toEqual(['b roll back']);
  expect(offered({ state: 'rolling-back' })).toEqual(['a abort']);
  expect(offered({ state: 'succeeded' })).toEqual(['b roll back']);
  expect(offered({ state: 'failed', kind: 'drain' })).toEqual([]);
  expect(offered({ state: 'rolled-back', steps: [stepOf({ state: 'reverted' })] })).toEqual([]);
});

describe('roll back', () => {
  const done = stepOf({ state: 'done', previous: { releaseId: 1, version: '1.0.0' }, appliedAt: 1 });

  test('of a service takes back its last rollout that has something to go back to', () => {
    const session = onWeb().keys('b');
    expect(session.took()).toMatchObject([{ type: 'find-rollback', serviceId: 1, instanceIds: [1, 2, 5] }]);
    const scaled = rolloutOf({ rolloutId: 9, state: 'succeeded', steps: [{ ...done, previous: null }] });
    const last = rolloutOf({ rolloutId: 8, state: 'succeeded', steps: [done] });
    expect(hasEnded(last)).toBe(true);
    session.does({
      type: 'rollback-found',
      serviceName: 'web',
      instanceIds: [1, 2, 5],
      rollouts: [scaled, last],
    });
    expect(plans(session)).toMatchObject([{ undoes: 8, instanceIds: [1, 2, 5] }]);
    answerPlan(session, { version: '1.0.0' });
    expect(session.body()[0]).toContain('Roll back web to 1.0.0 on 3 instances of 3 nodes?');
    expect(session.body().join('\n')).toContain('Press y to roll back, n or esc');
    session.keys('y');
    expect(session.took()).toMatchObject([{ type: 'create-rollout', request: { undoes: 8 } }]);
  });

  test('says so when there is nothing to take back', () => {
    const session = onWeb().keys('b');
    session.does({ type: 'rollback-found', serviceName: 'web', instanceIds: [1], rollouts: [] });
    expect(session.state.confirm).toBeNull();
    expect(session.status()).toContain('nothing to take back');
  });

  test('options of a rollout are asked for and planned anew; an older plan is ignored', () => {
    const session = onWeb();
    session.does({ type: 'go', screen: { name: 'releases' } }).does({ type: 'all-releases', releases });
    session.keys('G', 'b');
    const [old] = plans(session);
    answerPlan(session).keys('o');
    expect(session.body()[0]).toContain('Put web 1.0.0');
    session.keys('ctrl-u', '2', 'tab', 'ctrl-u', '1', 'tab', 'right', 'tab', 'right', 'enter');
    const [request] = plans(session);
    expect(request?.options).toEqual({
      maxUnavailable: 2,
      canary: 1,
      pauseAfterCanary: true,
      onFailure: 'rollback',
    });
    if (old === undefined) throw new Error('no first request');
    session.does({ type: 'plan-refused', request: old, refusal: { code: 'conflict', message: 'old' } });
    expect(session.body()[0]).toContain('asking the master');
    answerPlan(session);
    expect(session.body().join('\n')).toContain(
      'canary 1, then it waits for you; then 2 at a time; on a failure roll back',
    );
  });
});

describe('settings in the editor', () => {
  const edit = () => {
    const session = onWeb().keys('e');
    const [effect] = session.took();
    if (effect?.type !== 'edit-text') throw new Error('no editor was asked for');
    return { session, before: effect.text };
  };

  test('leaving the text as it is changes nothing', () => {
    const { session, before } = edit();
    session.does({ type: 'edited', serviceName: 'web', before, text: before });
    expect(session.took()).toEqual([]);
    expect(session.status()).toContain('as they were');
  });

  test('what is wrong goes back into the editor, with the reason above; the same again is a no', () => {
    const { session, before } = edit();
    session.does({
      type: 'edited',
      serviceName: 'web',
      before,
      text: before.replace('"graceMs": ', '"graceMs": -'),
    });
    const [again] = session.took();
    expect(again).toMatchObject({
      type: 'edit-text',
      text: expect.stringMatching(/^\/\/ WRONG: graceMs: /m),
    });
    if (again?.type !== 'edit-text') throw new Error('no editor');
    session.does({ type: 'edited', serviceName: 'web', before: again.text, text: again.text });
    expect(session.took()).toEqual([]);
  });

  test('shows what changes and what restarts before anything is sent; secrets stay hidden', () => {
    const { session, before } = edit();
    const text = before.replace('"env": {}', '"env": {"DB_PASSWORD": "hunter2"}');
    session.does({ type: 'edited', serviceName: 'web', before, text });
    const [plan] = session.took();
    if (plan?.type !== 'plan-service') throw new Error('nothing was planned');
    session.does({
      type: 'service-planned',
      spec: plan.spec,
      before: plan.before,
      effects: [1, 2].map((instanceId) => ({ instanceId, effect: 'restart' as const })),
    });
    const page = session.body().join('\n');
    expect(page).toContain('2 of 2 instances restart');
    expect(page).toMatch(/\+ +"DB_PASSWORD": "\*\*\*\*"/);
    expect(page).not.toContain('hunter2');
    session.took();
    session.keys('y');
    expect(session.took()).toMatchObject([
      { type: 'run-change', change: { kind: 'update-service', spec: { env: { DB_PASSWORD: 'hunter2' } } } },
    ]);
  });

  test('a long difference says that there is more, and is scrolled before the list of what it hits', () => {
    const { session, before } = edit();
    const env = Array.from({ length: 30 }, (_, at) => `"NAME_${at}": "x"`).join(', ');
    session.does({ type: 'edited', serviceName: 'web', before, text: before.replace('{}', `{${env}}`) });
    const [plan] = session.took();
    if (plan?.type !== 'plan-service') throw new Error('nothing was planned');
    const effects = [1, 2, 5].map((instanceId) => ({ instanceId, effect: 'restart' as const }));
    session.does({ type: 'service-planned', spec: plan.spec, before: plan.before, effects });
    const page = () => session.body().join('\n');
    expect(page()).toMatch(/\d+ of \d+ shown; up and down scroll/);
    expect(page()).toContain('"NAME_0"');
    expect(page()).not.toContain('"NAME_29"');
    expect(page()).toContain('Press y');
    session.keys(...Array(60).fill('down'));
    expect(page()).toContain('"NAME_29"');
    expect(page()).toContain('Press y');
    // It has stopped at its end: one key goes back at once.
    const end = page();
    session.keys('up');
    expect(page()).not.toBe(end);
  });

  test('a short difference is whole where there is room for it', () => {
    const { session, before } = edit();
    const text = before.replace('{}', `{${[1, 2, 3, 4].map((at) => `"N${at}": "x"`)}}`);
    session.does({ type: 'edited', serviceName: 'web', before, text });
    const [plan] = session.took();
    if (plan?.type !== 'plan-service') throw new Error('nothing was planned');
    const effects = [{ instanceId: 1, effect: 'restart' as const }];
    session.does({ type: 'service-planned', spec: plan.spec, before: plan.before, effects });
    expect(session.body().join('\n')).toContain('"N4"');
    expect(session.body().join('\n')).not.toContain('up and down scroll');
  });
});

describe('the rest', () => {
  test('of an instance that is not unknown there is nothing to resolve; of one that is, both ways are explained', () => {
    const session = Session.ready().keys('i', 'down', 'down', 'U');
    expect(session.status()).toContain('Nothing to resolve');
    const unknown = reborn(session, 1, 4111);
    const instances = [{ ...unknown, status: { ...unknown.status, state: 'unknown' as const } }];
    session.does({ type: 'frame', frame: { at: snapshot.at, instances } }).keys('U');
    expect(session.body().join('\n')).toMatch(/ended: you have seen.*\n kill:/);
    session.took();
    session.keys('right', 'enter');
    expect(session.body().join('\n')).toContain('Kill what may be left of 1 instance on 1 node?');
    session.keys('y');
    expect(session.took().at(-1)).toMatchObject({
      type: 'run-change',
      change: { kind: 'resolve', how: 'kill' },
    });
  });

  test('a drain names what becomes of each instance, and what is left of their services', () => {
    const session = Session.ready().keys('ctrl-d', 'right', 'enter');
    const asked = session.effects.at(-1);
    if (asked?.type !== 'plan-drain') throw new Error('no plan was asked for');
    expect(asked.request).toMatchObject({ nodeId: 1, move: true, stop: true });
    const step = { serviceName: 'web', port: 8101, to: null, reason: 'no node has room' };
    session.does({
      type: 'drain-planned',
      request: asked.request,
      plan: {
        ...{ nodeId: 1, isCordoned: true },
        instances: [{ ...step, instanceId: 1, action: 'stop' }],
        services: [{ serviceName: 'web', stopped: 1, remaining: 2 }],
      },
    });
    const page = session.body().join('\n');
    expect(page).toContain('Drain alpha of 1 instance on 1 node?');
    expect(page).toMatch(/web:8101 +stop: no node has room/);
    expect(page).toContain('Of web 1 are stopped, 2 remain elsewhere.');
  });

  test('tokens are for admins; a secret is shown once and is gone with the next esc', () => {
    const viewer = Session.ready().does({ type: 'go', screen: { name: 'tokens' } });
    expect(viewer.body().join('\n')).toContain('Tokens are shown to admins');
    viewer.keys('a');
    expect(viewer.state.form).toBeNull();
    const session = Session.ready(undefined, linkUp('admin')).does({
      type: 'go',
      screen: { name: 'tokens' },
    });
    session.does({ type: 'tokens', tokens: [] }).keys('a', 'c', 'i', 'tab', 'right', 'enter');
    expect(session.body()[0]).toContain('Make a token of role operator for ci?');
    session.took();
    session.keys('y');
    const [effect] = session.took();
    if (effect?.type !== 'run-change') throw new Error('nothing was sent');
    const secret = { name: 'ci', secret: 'sgrid-op-abc' };
    session.does({ type: 'change-done', taskId: effect.taskId, result: { secret } });
    expect(session.body().join('\n')).toContain('sgrid-op-abc');
    session.keys('esc');
    expect(JSON.stringify(session.state.secret)).toBe('null');
    expect(session.body().join('\n')).not.toContain('sgrid-op-abc');
  });

  test('a release in use is not offered for deletion', () => {
    const session = Session.ready().does({ type: 'go', screen: { name: 'releases' } });
    session.does({ type: 'all-releases', releases }).keys('g', 'ctrl-x');
    expect(session.state.confirm).toBeNull();
    expect(session.status()).toContain('web 1.1.0 is in use');
  });
});
