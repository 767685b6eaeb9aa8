import { describe, expect, test } from 'vitest';
import { contextOf } from '../../../cockpit/keymap/context.ts';
import type { Rollout } from '../../../common/domain/rollout.ts';
import { rolloutOf, stepOf } from '../../support/rollouts.ts';
import { answerPlan, NOW, plans, recording, Session } from './support.ts';

const { snapshot } = recording;

function withPid(instanceId: number, pid: number | null) {
  const view = snapshot.instances.find((candidate) => candidate.instanceId === instanceId);
  if (view?.status == null) throw new Error(`no instance ${instanceId} with a status in the recording`);
  return { ...view, status: { ...view.status, pid } };
}

const shownRows = ({ state }: Session): number =>
  state.views.at(-1)?.table.rows.filter(({ kind }) => kind === 'row').length ?? 0;

describe('restart, stop and start', () => {
  test('a restart names what it hits, is sent after y alone, and tells old and new pid', () => {
    const session = Session.ready().keys('i', 'down', 'down');
    session.took();
    session.keys('r');
    expect(session.body()).toEqual([
      '[alert] Restart 1 instance on 1 node?',
      ' web:8101 | alpha | running | 4111 | 1.1.0',
      '',
      ' Of web 2 of 3 running instances stays up meanwhile.',
      ' Press y to restart, n or esc to leave everything as it is.',
    ]);
    // Neither the key that asked nor enter is a yes.
    session.keys('r', 'enter', 'space');
    expect(session.state.confirm).not.toBeNull();
    session.keys('y');
    expect(session.took()).toEqual([
      { type: 'load-services' },
      { type: 'run-verb', jobId: 1, verb: 'restart', instanceIds: [1] },
    ]);
    session.at(NOW + 4000).does({ type: 'tick' });
    expect(session.status()).toBe('Restarting web@alpha:8101 ... 4s');
    session.does({ type: 'job-done', jobId: 1, outcomes: [{ instanceId: 1, error: null }] });
    // The answer came before the frame with the new pid: nothing is told yet.
    expect(session.status()).toContain('Restarting');
    session.does({ type: 'frame', frame: { at: snapshot.at, instances: [withPid(1, 9001)] } });
    expect(session.status()).toContain('Restarted web@alpha:8101: pid 4111 -> 9001');
    expect(session.state.jobs).toEqual([]);
  });

  test('what is on a node whose agent is not connected cannot be done, which is said before it is tried', () => {
    const nodes = snapshot.nodes.map((node) => ({ ...node, link: 'up' as const }));
    const [alpha, beta] = nodes;
    if (alpha === undefined || beta === undefined) throw new Error('no nodes in the recording');
    const session = Session.ready().does({ type: 'frame', frame: { at: snapshot.at, nodes } });
    session.keys('i', 'ctrl-a', 's');
    expect(session.body().join()).not.toContain('not connected');
    const down = [
      { ...alpha, link: 'down' as const },
      { ...beta, link: 'down' as const },
    ];
    session.does({ type: 'frame', frame: { at: snapshot.at, nodes: down } });
    expect(session.body()).toContain(
      ' Agent not connected: alpha, beta; nothing can be done to 5 instances now.',
    );
  });

  test('no leaves everything as it is', () => {
    for (const no of ['n', 'esc']) {
      const session = Session.ready().keys('i');
      session.took();
      session.keys('ctrl-d', no, 'y');
      expect(session.state.confirm).toBeNull();
      expect(session.took()).toEqual([{ type: 'load-services' }]);
    }
  });

  test('marks that a filter hides are told in the header and the question, listed, and hit like all others', () => {
    const session = Session.ready().keys('i', 'ctrl-a', '/', 'web', 'enter');
    const all = session.state.marks.size;
    const shown = shownRows(session);
    expect(shown).toBeGreaterThan(0);
    expect(shown).toBeLessThan(all);
    expect(session.header()[1]).toContain(`${all} marked, ${all - shown} hidden by the filter  /web`);
    session.keys('ctrl-d');
    const question = session.body().join('\n');
    expect(question).toContain(`Marked, but hidden by the filter: ${all - shown} of ${all} instances.`);
    expect(question).toContain('pricing:8102');
    expect(session.state.confirm?.instanceIds).toHaveLength(all);
    session.keys('esc');
    // Others cannot be hidden: one that is not marked is not among those that are hit.
    session.keys('esc', 'esc', 'j', 'ctrl-d');
    expect(session.body().join('\n')).not.toContain('Marked, but');
  });

  test('marks on other nodes than the one that is shown are told too', () => {
    const session = Session.ready().keys('i', 'ctrl-a', ':nodes\r', 'enter');
    const all = session.state.marks.size;
    const shown = shownRows(session);
    expect(session.header()[1]).toContain(`${all} marked, ${all - shown} on other nodes`);
    session.keys('r');
    expect(session.body().join('\n')).toContain(`Marked, but not on this screen: ${all - shown} of ${all}`);
  });

  test('marked instances are hit, not the one under the cursor; those gone meanwhile are left out', () => {
    const session = Session.ready().keys('i', 'down', 'down', 'space', 'space', 'G', 'ctrl-d');
    expect(session.body()[0]).toBe('[alert] Stop 2 instances on 2 nodes?');
    session.does({ type: 'frame', frame: { at: snapshot.at, removedInstanceIds: [1] } });
    session.took();
    session.keys('y');
    expect(session.took()).toEqual([{ type: 'run-verb', jobId: 1, verb: 'stop', instanceIds: [6] }]);
    expect(session.state.marks.size).toBe(0);
  });

  test('each instance has its own outcome; a failure is told with its hint', () => {
    const session = Session.ready().keys('i', 'ctrl-a', 'ctrl-d', 'y');
    const error = {
      code: 'node_unreachable',
      message: 'gamma is not connected',
      hint: 'Look at its agent',
    } as const;
    session.does({
      type: 'job-done',
      jobId: 1,
      outcomes: [1, 2, 3, 4, 5, 6].map((instanceId) => ({
        instanceId,
        error: instanceId === 5 ? error : null,
      })),
    });
    session.at(NOW + 4000).does({ type: 'tick' });
    expect(session.state.toasts.map((toast) => toast.text)).toEqual([
      'Stopped 5 instances',
      'Could not stop web@gamma:8101: gamma is not connected (Look at its agent)',
    ]);
  });

  test('a command whose answer is lost is not said to have failed, and that stays when a key is pressed', () => {
    const session = Session.ready().keys('i', 'r', 'y');
    session.does({
      type: 'job-failed',
      jobId: 1,
      error: { code: 'timeout', message: 'no answer', hint: 'the link went down before the answer' },
    });
    session.keys('down');
    expect(session.status()).toContain('Restarting native-echo@alpha:8103: no answer');
    expect(session.state.toasts[0]).toMatchObject({
      tone: 'warn',
      text: expect.stringContaining('it may have been done; look at the row'),
    });
    expect(session.state.jobs).toEqual([]);
  });

  test('a node whose answer is lost is not said to have failed either', () => {
    const session = Session.ready().keys('i', 'r', 'y');
    const error = { code: 'disconnected', message: 'node 1 went away' } as const;
    session.does({ type: 'job-done', jobId: 1, outcomes: [{ instanceId: 1, error }] });
    expect(session.state.toasts.map(({ tone, text }) => [tone, text])).toEqual([
      [
        'warn',
        'Restarting web@alpha:8101: no answer: it may have been done; look at the row (node 1 went away)',
      ],
    ]);
  });

  test('a start of what runs says that it already runs', () => {
    const session = Session.ready().keys('i', 'down', 'down', ...':start'.split(''), 'enter', 'y');
    session.does({ type: 'job-done', jobId: 1, outcomes: [{ instanceId: 1, error: null }] });
    expect(session.state.toasts.map(({ text }) => text)).toEqual([
      'web@alpha:8101 already runs: nothing to start',
    ]);
  });

  test('a command that was never sent has failed', () => {
    const session = Session.ready().keys('i', 'r', 'y');
    session.does({
      type: 'job-failed',
      jobId: 1,
      error: { code: 'disconnected', message: 'the link went down' },
    });
    expect(session.status()).toContain('Restarting native-echo@alpha:8103 failed: the link went down');
    expect(session.state.jobs).toEqual([]);
  });

  test('nothing is asked on the nodes screen, where no instance is selected, or without a link', () => {
    const session = Session.ready().keys(':', 'stop', 'enter');
    expect(session.state.confirm).toBeNull();
    expect(session.status()).toContain('Select an instance to stop first');
    session
      .keys('i')
      .does({ type: 'link', link: { state: 'down', since: NOW, attempt: 1, lastError: null } });
    session.keys('r');
    expect(session.state.confirm).toBeNull();
    expect(session.status()).toContain('Not connected to the master');
  });

  test('a link that goes down while the question stands stops the yes', () => {
    const session = Session.ready().keys('i', 'r');
    session.does({ type: 'link', link: { state: 'down', since: NOW, attempt: 1, lastError: null } });
    session.took();
    session.keys('y');
    expect(session.took()).toEqual([]);
    expect(session.status()).toContain('Not connected');
  });
});

describe('deploy', () => {
  const releases = recording.releases;
  const rollout = (change: Partial<Rollout>): Rollout =>
    rolloutOf({
      rolloutId: 9,
      version: '1.0.0',
      sizeBytes: 5_000_000,
      actor: 'alice',
      startedAt: snapshot.at,
      steps: [
        stepOf({ port: 8101, state: 'done' }),
        stepOf({ instanceId: 2, nodeId: 2, port: 8101, state: 'preparing', receivedBytes: 1_048_576 }),
      ],
      ...change,
    });

  /** On the releases of web, out of the instance under the cursor. */
  const onReleases = (): Session => {
    const session = Session.ready().keys('i', 'down', 'down');
    session.took();
    session.keys('D').does({ type: 'releases', serviceId: 1, releases });
    return session;
  };

  test('from an instance its service is chosen already; the newest release is under the cursor', () => {
    const session = onReleases();
    expect(session.took()).toEqual([{ type: 'load-services' }, { type: 'load-releases', serviceId: 1 }]);
    expect(session.body().slice(2)).toEqual([
      ' + upload an archive',
      '>1.1.0 | 5h00m | alice | 2.4M | 3 | faster checkout',
      ' 1.0.0 | 3d00h | ci | 1.2M | - | first',
      '',
    ]);
  });

  test('all instances are chosen by default, space leaves one out, the question names old and new', () => {
    const session = onReleases().keys('down', 'enter');
    expect(session.body().slice(2)).toEqual([
      '>[x] web:8101 | alpha | running | 1.1.0 -> 1.0.0',
      ' [x] web:8101 | beta | running | 1.1.0 -> 1.0.0',
      ' [x] web:8101 | gamma | running? | 1.1.0 -> 1.0.0',
      ' 3 of 3 instances chosen',
    ]);
    session.keys('G', 'space', 'enter');
    expect(session.body().slice(2)).toEqual(['[busy] Deploy web 1.0.0: asking the master what it would do']);
    expect(plans(session)).toMatchObject([{ releaseId: 1, instanceIds: [1, 2] }]);
    // Nobody says yes to what is not to be seen yet.
    session.keys('y');
    expect(session.took()).toEqual([]);
    answerPlan(session);
    expect(session.body().slice(2, 5)).toEqual([
      '[alert] Deploy web 1.0.0 on 2 instances of 2 nodes?',
      ' web:8101 | alpha | 1 | running | 1.1.0 -> 1.0.0',
      ' web:8101 | beta | 2 | running | 1.1.0 -> 1.0.0',
    ]);
    expect(session.body().join('\n')).toContain('Of web 2 of 3 running instances stays up at any time.');
    expect(session.body().join('\n')).toContain('Press y to deploy, n or esc');
    session.keys('enter');
    expect(session.took()).toEqual([]);
    session.keys('y', 'y');
    expect(session.took()).toMatchObject([
      { type: 'create-rollout', request: { releaseId: 1, instanceIds: [1, 2] } },
    ]);
  });

  test('the rollout is watched to its end, with the reason of a failure in full', () => {
    const session = onReleases().keys('down', 'enter', 'enter');
    answerPlan(session).keys('y');
    session.does({ type: 'rollout-created', rollout: rollout({}) });
    expect(session.body()).toEqual([
      expect.stringContaining('web 1.0.0, by alice at '),
      expect.stringContaining('1 at a time'),
      '[progress] 50% 1 of 2 instances done',
      ' web:8101 | alpha | done | 1.1.0, pid 4111',
      ' web:8101 | beta | fetching | 1.0M of 4.8M',
      '[busy] Deploying web 1.0.0 ... 0s',
    ]);
    const reason = 'cannot bind 10.0.0.2:8101, another program uses it';
    const failed = rollout({
      state: 'failed',
      endedAt: snapshot.at + 12_000,
      steps: rollout({}).steps.map((step) =>
        step.instanceId === 2 ? { ...step, state: 'failed', reason } : step,
      ),
    });
    session.does({ type: 'rollout', rollout: failed });
    // The answer to a question that was asked before must not take the end back.
    session.does({ type: 'rollout', rollout: rollout({}) });
    expect(session.body()).toContain('[alert] Failed after 12s: 1 instance of 2 did not get 1.0.0');
    expect(session.body()).toContain('[progress] 50% 1 of 2 instances done');
    expect(session.body()).toContain(` ${reason}`);
  });

  test('what begins is on the page of a rollout, with its keys, and esc leads to where the flow was opened', () => {
    const session = onReleases().keys('down', 'enter', 'enter');
    answerPlan(session).keys('y');
    session.does({ type: 'rollout-created', rollout: rollout({}) });
    const names = (): string[] => session.state.views.map(({ screen }) => screen.name);
    expect(names()).toEqual(['nodes', 'instances', 'rollout']);
    expect(session.state.deploy).toBeNull();
    expect(contextOf(session.state)).toBe('rollout');
    session.keys('a');
    expect(session.state.confirm?.change).toEqual({ kind: 'rollout-control', rolloutId: 9, what: 'abort' });
    session.keys('esc', 'esc');
    expect(names()).toEqual(['nodes', 'instances']);
  });

  test('a drain names the instances that it moved, also when they are gone', () => {
    const about = { nodeId: 1, instanceId: 41, state: 'done', port: 8107 } as const;
    const steps = [
      stepOf({ ...about, action: 'place', peerId: 41, instanceId: 42, nodeId: 2 }),
      stepOf({ ...about, action: 'retire', peerId: 42 }),
      stepOf({ ...about, action: 'stop', instanceId: 43, port: 8108, state: 'applying' }),
    ];
    const drain = rolloutOf({ rolloutId: 5, kind: 'drain', nodeId: 1, steps });
    const session = Session.ready().keys(':', 'rollouts', 'enter');
    session.does({ type: 'rollouts', rollouts: [drain] }).keys('enter');
    expect(session.body()).toEqual(
      expect.arrayContaining([
        '[progress] 50% 1 of 2 instances done',
        expect.stringContaining(' web:8107 | beta | up | '),
        ' web:8107 | alpha | removed | -',
        expect.stringContaining(' web:8108 | alpha | stopping | '),
      ]),
    );
  });

  test('one that is refused comes back to the question with the reason', () => {
    const session = onReleases().keys('enter', 'enter');
    answerPlan(session).keys('y');
    const error = { code: 'conflict', message: 'a rollout of web is under way' } as const;
    session.does({ type: 'rollout-refused', error });
    expect(session.state.deploy?.step).toBe('confirm');
    expect(session.status()).toContain('Deploy web 1.1.0 refused: a rollout of web is under way');
  });

  test('left while it goes on, its end is told wherever one is', () => {
    const session = onReleases().keys('enter', 'enter');
    answerPlan(session).keys('y');
    session.does({ type: 'rollout-created', rollout: rollout({}) }).keys('esc');
    session.does({ type: 'rollout', rollout: rollout({ state: 'succeeded', endedAt: snapshot.at + 1 }) });
    expect(session.status()).toContain('Deployed web 1.0.0 (by alice) on 1 instance');
  });

  test('an archive is uploaded from a form that says what is wrong with it', () => {
    const session = onReleases().keys('u', 'enter', 'enter', 'enter');
    expect(session.body().join('\n')).toContain('Type the path of a tar archive');
    session.keys('~/web-1.2.3.tar.gz', 'enter');
    expect(session.state.deploy?.archive.version.text).toBe('1.2.3');
    session.keys('ctrl-u', 'a b', 'enter', 'new text', 'enter');
    expect(session.body().join('\n')).toContain('Version must be 1 to 64 letters, digits');
    session.took();
    session.keys('ctrl-u', '2.0', 'enter', 'enter');
    expect(session.took()).toEqual([
      {
        type: 'upload',
        uploadId: expect.any(Number),
        serviceName: 'web',
        file: '~/web-1.2.3.tar.gz',
        version: '2.0',
        message: 'new text',
      },
    ]);
  });

  test('an upload shows its progress and leads to the instances with the new release; a failed one back to the form', () => {
    const session = onReleases().keys('u', '/x.tar', 'enter', 'enter', 'enter');
    const uploadId = session.state.deploy?.upload?.uploadId ?? -1;
    session.does({ type: 'upload-progress', uploadId, sentBytes: 512, totalBytes: 1024 });
    expect(session.body()).toContain('[progress] 50% 512B of 1.0K');
    const failed = Session.ready();
    failed.state = session.state;
    failed.does({
      type: 'upload-failed',
      uploadId,
      error: { code: 'package_invalid', message: '../x leaves the package', hint: 'Pack it again' },
    });
    expect(failed.state.deploy?.step).toBe('archive');
    expect(failed.state.deploy?.archive.path.text).toBe('/x.tar');
    expect(failed.status()).toContain('Upload failed: ../x leaves the package (Pack it again)');
    const [release] = releases;
    if (release === undefined) throw new Error('no release in the recording');
    session.does({ type: 'upload-done', uploadId, release: { ...release, releaseId: 50, version: '2.0' } });
    expect(session.body().join('\n')).toContain('1.1.0 -> 2.0');
    expect(session.state.deploy?.releaseId).toBe(50);
  });

  test('esc during an upload cancels it; its late answer changes nothing', () => {
    const session = onReleases().keys('u', '/x.tar', 'enter', 'enter', 'enter');
    const uploadId = session.state.deploy?.upload?.uploadId ?? -1;
    session.took();
    session.keys('esc');
    expect(session.took()).toEqual([{ type: 'cancel-upload', uploadId }]);
    session.does({ type: 'upload-failed', uploadId, error: { code: 'cancelled', message: 'cancelled' } });
    expect(session.state.deploy?.step).toBe('archive');
    expect(session.state.toasts).toEqual([]);
  });

  test('leaving the flow by the palette cancels its upload', () => {
    const session = onReleases().keys('u', '/x.tar', 'enter', 'enter', 'enter');
    session.took();
    session.does({ type: 'go', screen: { name: 'nodes' } });
    expect(session.took()[0]).toMatchObject({ type: 'cancel-upload' });
    expect(session.state.deploy).toBeNull();
  });

  test('esc goes back step by step and out', () => {
    const session = onReleases().keys('enter', 'enter');
    const steps = [];
    while (session.state.deploy !== null) {
      steps.push(session.state.deploy.step);
      session.keys('esc');
    }
    expect(steps).toEqual(['confirm', 'instances', 'release', 'service']);
    expect(session.state.views.at(-1)?.screen.name).toBe('instances');
  });
});
