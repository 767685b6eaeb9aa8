import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { planOf } from '../support/plans.ts';
import { createRecordedClient, linkUp, readRecording } from '../support/recorded-client.ts';
import { rolloutOf, stepOf } from '../support/rollouts.ts';
import { openCockpit } from './cockpit-support.ts';

const recording = readRecording('three-nodes');
const { snapshot } = recording;

function changed(instanceId: number, status: object) {
  const view = snapshot.instances.find((candidate) => candidate.instanceId === instanceId);
  if (view?.status == null) throw new Error(`no instance ${instanceId} with a status in the recording`);
  return { ...view, status: { ...view.status, ...status } };
}

describe('what a person sees', () => {
  test('nodes, then the instances of one, then all: by the keys of k9s', async () => {
    const { terminal } = openCockpit();
    const nodes = await terminal.waitFor('alpha');
    expect(nodes[0]).toMatch(/^ sgrid http:\/\/127\.0\.0\.1:15872 {2}as alice \(operator\) +link up 3 ms$/);
    expect(nodes.join('\n')).toMatch(/up +beta +10\.0\.0\.2 +1\/2/);
    expect(nodes.at(-1)).toContain('enter instances');
    terminal.press('j', 'enter');
    const instances = await terminal.waitFor('nodes > beta');
    expect(instances.join('\n')).toMatch(/running +web +1\.1\.0 +4222 +8101/);
    expect(instances.join('\n')).not.toContain('pricing');
    terminal.press('0');
    const all = await terminal.waitFor('nodes > instances');
    for (const text of ['alpha  10.0.0.1', 'crash-loop', 'pricing', 'gamma  10.0.0.3  node down']) {
      expect(all.join('\n')).toContain(text);
    }
    terminal.press('escape');
    await terminal.waitFor((lines) => lines[1]?.trim().startsWith('nodes ') === true);
  });

  test.each([
    [60, 15],
    [80, 24],
    [120, 30],
    [200, 50],
  ])('the screen is filled exactly at %ix%i: header on top, hints at the bottom', async (columns, rows) => {
    const { terminal } = openCockpit({ columns, rows });
    await terminal.waitFor('alpha');
    for (const keys of [['i'], ['d'], ['escape', '?'], ['escape', 'D'], ['escape', 'i', 'r']]) {
      terminal.press(...keys);
      await terminal.flushed();
      await terminal.waitFor(
        (lines) => lines[0]?.startsWith(' sgrid ') === true && lines.at(-1)?.trim() !== '',
      );
      expect(terminal.screen()).toHaveLength(rows);
      expect(terminal.screen()[0]).toContain('link up');
    }
  });

  test('live figures change in place, and little is written for it', async () => {
    const { terminal, client } = openCockpit();
    terminal.press('enter');
    await terminal.waitFor('12.3');
    const before = terminal.bytesWritten();
    client.sendFrame({
      at: snapshot.at + 1000,
      samples: [
        {
          nodeId: 1,
          ageMs: 0,
          node: snapshot.samples[0]?.node as never,
          instances: [1, 456, 118 * 1024 * 1024, 12, 0, 1, -1, -1, -1],
        },
      ],
    });
    await terminal.waitFor('45.6');
    expect(terminal.bytesWritten() - before).toBeLessThan(500);
  });

  test('the link goes down and comes back by itself', async () => {
    const { terminal, client } = openCockpit();
    terminal.press('i');
    await terminal.waitFor('pricing');
    client.setLink({ state: 'down', since: Date.now(), attempt: 2, lastError: null });
    const down = await terminal.waitFor('reconnecting (attempt 2)');
    const row = down.findIndex((line) => line.includes('pricing'));
    expect(row).toBeGreaterThan(0);
    expect(terminal.cell(3, row).dim).toBe(true);
    terminal.press('j');
    terminal.press('r');
    await terminal.waitFor('Not connected to the master');
    client.setLink(linkUp());
    await terminal.waitFor('link up');
    await terminal.waitFor(() => !terminal.cell(3, row).dim);
  });

  test('states have their colours, and only weight with NO_COLOR', async () => {
    const colourOf = async (env: Record<string, string>) => {
      const { terminal } = openCockpit({ env });
      terminal.press('i');
      const lines = await terminal.waitFor('crash-loop');
      terminal.press('j');
      await terminal.waitFor((now) => now.some((line) => line.startsWith('>') && line.includes('pricing')));
      const row = lines.findIndex((line) => line.includes('crash-loop  native-echo'));
      const selected = lines.findIndex((line) => line.includes('pricing'));
      return { cell: terminal.cell(3, row), selected: terminal.cell(3, selected) };
    };
    const coloured = await colourOf({});
    expect(coloured.cell).toMatchObject({ foreground: 1, bold: true });
    expect(coloured.selected).toMatchObject({ foreground: 6, inverse: true });
    const plain = await colourOf({ NO_COLOR: '1' });
    expect(plain.cell).toMatchObject({ foreground: 'default', bold: true });
    expect(plain.selected).toMatchObject({ foreground: 'default', inverse: true });
  });

  test('it follows the size of the terminal, and says when that is too small', async () => {
    const { terminal } = openCockpit();
    await terminal.waitFor('alpha');
    terminal.resize(160, 40);
    await terminal.waitFor(/DRIVER +WARNING/);
    expect(terminal.screen().at(-1)).toContain('? help');
    terminal.resize(50, 10);
    await terminal.waitFor('Needs 60x15');
    expect(terminal.text()).not.toContain('alpha');
    terminal.resize(80, 24);
    await terminal.waitFor('alpha');
    expect(terminal.screen().at(-1)).toContain('? help');
  });

  test('before the first answer, and when the master refuses, it says what is the matter', async () => {
    const lastError = {
      code: 'disconnected',
      message: 'connection refused',
      hint: 'Is the master up?',
    } as const;
    const client = createRecordedClient(recording, { link: { state: 'connecting', attempt: 4, lastError } });
    const { terminal } = openCockpit({ client });
    await terminal.waitFor('connection refused');
    expect(terminal.text()).toContain('connecting (attempt 4)');
    expect(terminal.text()).toContain('Is the master up?');
    client.setLink({
      state: 'refused',
      error: {
        code: 'unauthenticated',
        message: 'the token is not known',
        hint: 'Give one with --token-file',
      },
    });
    await terminal.waitFor('refused: the token is not known');
    expect(terminal.text()).toContain('Give one with --token-file');
  });
});

describe('from the keyboard alone', () => {
  test('a restart: asked, confirmed, spinning, and its result with old and new pid', async () => {
    const { terminal, client } = openCockpit();
    const answered = Promise.withResolvers<unknown>();
    client.answer('instance.restart', () => answered.promise);
    terminal.press('enter');
    await terminal.waitFor('pricing');
    terminal.press('j', 'r');
    const question = await terminal.waitFor('Restart 1 instance on 1 node?');
    expect(question.join('\n')).toMatch(/pricing:8102 +alpha +running +4333 +2026\.11/);
    expect(client.calls.map((call) => call.name)).not.toContain('instance.restart');
    terminal.press('y');
    await terminal.waitFor('Restarting pricing@alpha:8102 ...');
    answered.resolve({ outcomes: [{ instanceId: 3, error: null }] });
    client.sendFrame({ at: snapshot.at + 1000, instances: [changed(3, { pid: 7777 })] });
    await terminal.waitFor('Restarted pricing@alpha:8102: pid 4333 -> 7777');
    expect(client.calls.filter((call) => call.name === 'instance.restart')).toEqual([
      { name: 'instance.restart', payload: { instanceIds: [3] } },
    ]);
  });

  test('an upload and a rollout, watched to the end', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sgrid-screen-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    await writeFile(join(directory, 'web-3.2.1.tar.gz'), '');
    const { terminal, client } = openCockpit({ cwd: directory });
    terminal.press('enter');
    await terminal.waitFor('pricing');
    terminal.press('G', 'D');
    await terminal.waitFor('faster checkout');
    terminal.press('u');
    await terminal.waitFor('Archive');
    terminal.type('we');
    terminal.press('tab');
    await terminal.waitFor('Archive   web-3.2.1.tar.gz');
    terminal.press('enter');
    await terminal.waitFor('> Version   3.2.1');
    terminal.press('enter');
    terminal.type('third');
    terminal.press('enter');
    await terminal.waitFor('Uploading web-3.2.1.tar.gz as 3.2.1');
    client.uploads[0]?.progress(250, 1000);
    await terminal.waitFor(/#+-+ 25% {2}250B of 1.0K/);
    const release = { ...recording.releases[0], releaseId: 60, version: '3.2.1' } as never;
    client.answer('release.list', () => ({ releases: [release, ...recording.releases] }));
    client.answer('rollout.plan', (request) => ({ plan: planOf(request, snapshot, [release]) }));
    client.uploads[0]?.done(release);
    await terminal.waitFor('1.1.0 -> 3.2.1');
    terminal.press('enter');
    await terminal.waitFor('Deploy web 3.2.1 on 3 instances of 3 nodes?');
    const rollout = (state: 'running' | 'succeeded', step: 'preparing' | 'done') =>
      rolloutOf({
        rolloutId: 4,
        version: '3.2.1',
        state,
        startedAt: snapshot.at,
        endedAt: state === 'running' ? null : snapshot.at + 2000,
        steps: [1, 2, 5].map((instanceId) => stepOf({ instanceId, state: step, receivedBytes: 10 })),
      });
    client.answer('rollout.create', () => ({ rollout: rollout('running', 'preparing') }));
    terminal.press('y');
    await terminal.waitFor('fetching');
    client.send((listener) => listener.onRollout?.(rollout('succeeded', 'done')));
    await terminal.waitFor('web 3.2.1 runs on 3 instances, after 2s');
    expect(terminal.text()).toMatch(/#{20,} 100% {2}3 of 3 instances done/);
  });

  test('the palette, the filter and the help', async () => {
    const { terminal } = openCockpit();
    await terminal.waitFor('alpha');
    terminal.type(':inst');
    await terminal.waitFor(/:inst.*instances \[service@node\] \[filter\]/);
    terminal.type(' pric');
    terminal.press('enter');
    const filtered = await terminal.waitFor('/pric 1 shown');
    expect(filtered.join('\n')).toContain('pricing');
    expect(filtered.join('\n')).not.toContain('native-echo');
    terminal.press('?');
    await terminal.waitFor('Keys in instances');
    terminal.press('escape');
    terminal.type(':ev');
    terminal.press('enter');
    await terminal.waitFor('8 fast deaths');
  });

  test('keys typed faster than they are read, in one chunk', async () => {
    const { terminal } = openCockpit();
    await terminal.waitFor('alpha');
    terminal.send(':inst web\r');
    await terminal.waitFor('/web 3 shown');
  });

  test('a paste into a table does nothing; into the filter it is text, its line ends too', async () => {
    const { terminal, client } = openCockpit();
    terminal.press('i');
    await terminal.waitFor('pricing');
    terminal.send('\x1b[200~ry\rDy\x1b[201~');
    terminal.press('/');
    await terminal.waitFor('text  !not  -r regex  key:value');
    terminal.send('\x1b[200~web\r\n\x1b[201~');
    await terminal.waitFor('/web');
    expect(client.calls.map((call) => call.name)).not.toContain('instance.restart');
    expect(terminal.text()).not.toContain('Restart ');
  });
});

describe('leaving', () => {
  test.each([
    ['ctrl-c', (terminal: { press(key: string): void }) => terminal.press('ctrl-c')],
    [':q', (terminal: { send(text: string): void }) => terminal.send(':q\r')],
  ])('by %s gives the terminal back as it was', async (_, leave) => {
    const { terminal, left, process } = openCockpit();
    await terminal.waitFor('alpha');
    expect([terminal.isAlternateScreen(), terminal.isRawMode()]).toEqual([true, true]);
    leave(terminal);
    expect(await left).toEqual({ reason: 'quit' });
    await terminal.flushed();
    expect([terminal.isAlternateScreen(), terminal.isRawMode()]).toEqual([false, false]);
    expect(terminal.text().trim()).toBe('');
    expect(process.eventNames()).toEqual([]);
  });

  test.each(['SIGTERM', 'SIGHUP', 'SIGINT'])('%s does too', async (signal) => {
    const { terminal, left, process } = openCockpit();
    await terminal.waitFor('alpha');
    process.emit(signal);
    expect(await left).toEqual({ reason: 'signal', signal });
    await terminal.flushed();
    expect([terminal.isAlternateScreen(), terminal.isRawMode()]).toEqual([false, false]);
  });

  test('an error that nobody caught comes out after the screen is given back', async () => {
    const { terminal, left, process } = openCockpit();
    await terminal.waitFor('alpha');
    process.emit('uncaughtException', new Error('broken inside'));
    await expect(left).rejects.toThrow('broken inside');
    await terminal.flushed();
    expect([terminal.isAlternateScreen(), terminal.isRawMode()]).toEqual([false, false]);
  });

  test('a view that cannot be drawn does not leave the terminal on the other screen', async () => {
    const { terminal, left, client } = openCockpit();
    await terminal.waitFor('alpha');
    const broken = { ...snapshot, nodes: [{ ...snapshot.nodes[0], alias: null }] } as never;
    client.sendSnapshot(broken);
    await expect(left).rejects.toThrow();
    await terminal.flushed();
    expect([terminal.isAlternateScreen(), terminal.isRawMode()]).toEqual([false, false]);
  });

  test('a terminal that goes away ends the cockpit', async () => {
    const { terminal, left } = openCockpit();
    await terminal.waitFor('alpha');
    terminal.stdin.push(null);
    expect(await left).toEqual({ reason: 'signal', signal: 'SIGHUP' });
  });
});
