import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ConfigFile, ConfigVersion } from '../../common/domain/config-file.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { createRecordedClient, linkUp, readRecording } from '../support/recorded-client.ts';
import { openCockpit } from './cockpit-support.ts';

const recording = readRecording('three-nodes');
const { snapshot } = recording;
const webIds = snapshot.instances
  .filter(({ serviceName }) => serviceName === 'web')
  .map(({ instanceId }) => instanceId);
const ALL_SIGNALS = 'SIGHUP';

const versionOf = (version: number, change: Partial<ConfigVersion> = {}): ConfigVersion => ({
  versionId: 100 + version,
  serviceName: 'web',
  name: 'app.yaml',
  instanceId: null,
  version,
  isRemoval: false,
  sizeBytes: 40,
  sha256: 'a'.repeat(64),
  actor: 'alice',
  at: snapshot.at - 60_000 * (10 - version),
  message: `change ${version}`,
  ...change,
});
const TEXTS: Readonly<Record<number, string>> = {
  1: 'workers: 1\npassword: hunter2\n',
  2: `workers: 2\npassword: hunter2\ndb: \${secret:db}\n`,
  3: `workers: 3\npassword: hunter2\ndb: \${secret:db}\n`,
};

/** A master's answers about the files of web: version 3 is newest, 2 is published, and one instance has not got it. */
function configClient(role: 'operator' | 'viewer' = 'operator') {
  const client = createRecordedClient(recording, { link: linkUp(role) });
  const file: ConfigFile = { ...versionOf(3), publishedVersion: 2 };
  const own: ConfigFile = {
    ...versionOf(1, { versionId: 200, name: 'own.json', instanceId: webIds[0] ?? 0, message: 'only here' }),
    publishedVersion: null,
  };
  client.answer('config.list', ({ serviceName }: { serviceName: string }) =>
    serviceName === 'web'
      ? {
          files: [file, own],
          secrets: [{ name: 'db', version: 1, actor: 'bob', at: snapshot.at - 5_000 }],
        }
      : { files: [], secrets: [] },
  );
  client.answer('config.status', ({ serviceName }: { serviceName: string }) =>
    serviceName === 'web'
      ? {
          publication: {
            ...{ revision: 7, serviceName: 'web', actor: 'bob', at: snapshot.at - 9_000 },
            ...{ message: 'two', action: { kind: 'signal', signal: ALL_SIGNALS }, isWhole: true },
          },
          deliveries: webIds.map((instanceId, at) => ({
            ...{ instanceId, nodeId: snapshot.instances.find((i) => i.instanceId === instanceId)?.nodeId },
            ...{ wantedRevision: 7, deliveredRevision: at === 2 ? 6 : 7 },
            state: at === 2 ? 'waits' : 'delivered',
          })),
        }
      : { publication: null, deliveries: [] },
  );
  client.answer('config.versions', () => ({ versions: [versionOf(3), versionOf(2), versionOf(1)] }));
  client.answer('config.read', ({ version = 3 }: { version?: number }) => ({
    file: versionOf(version),
    text: TEXTS[version],
  }));
  return client;
}

/** An editor that does what a shell command does to the file; and whose terminal nobody sees. */
function editorOf(command: string): Record<string, string> {
  const directory = mkdtempSync(join(tmpdir(), 'sgrid-editor-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const script = join(directory, 'editor.sh');
  writeFileSync(script, `${command}\n`);
  return { EDITOR: `sh ${script}` };
}

async function onFiles(options: Parameters<typeof openCockpit>[0] = {}) {
  const client = options.client ?? configClient();
  const cockpit = openCockpit({ ...options, client });
  await cockpit.terminal.waitFor('alpha');
  cockpit.terminal.type(':config web\r');
  await cockpit.terminal.waitFor('app.yaml');
  return { ...cockpit, client };
}

test.each([
  [80, 24],
  [120, 40],
])(
  'files, what is published and who has it; versions with their text, secrets masked, at %i x %i',
  async (columns, rows) => {
    const { terminal } = await onFiles({ columns, rows });
    expect(terminal.text()).toMatch(/> changed +web +app\.yaml +all +3 +2 +2\/3/);
    expect(terminal.text()).toMatch(/new +web +own\.json +alpha:\d+ +1 +- +-/);
    terminal.press('i');
    const where = (await terminal.waitFor('Last publication')).join('\n');
    expect(where).toMatch(/revision 7, .* by bob, to all, then SIGHUP/);
    expect(where).toMatch(/web@\S+ +waits for /);
    expect(where).toContain('Not in it: app.yaml, own.json');
    expect(where).toMatch(/db +version 1/);
    terminal.press('escape');
    await terminal.waitFor('> changed');
    terminal.press('enter');
    const first = (await terminal.waitFor('workers: 3')).join('\n');
    expect(first).toMatch(/> +3 +newest .*alice/);
    expect(first).toMatch(/ 2 +published/);
    expect(first).toContain('2  password: ****');
    expect(first).toContain(`3  db: \${secret:db}`);
    expect(first).not.toContain('hunter2');
    terminal.press('j');
    await terminal.waitFor('workers: 2');
    terminal.press('enter');
    await terminal.waitFor('app.yaml of web > text');
    terminal.press('escape', 'c');
    const diff = (await terminal.waitFor('version 1 -> version 2')).join('\n');
    expect(diff).toContain('-workers: 1');
    expect(diff).toContain('+workers: 2');
    expect(diff).not.toContain('hunter2');
    // Two that are marked, whichever they are.
    terminal.press('escape', 'g', ' ', 'G', ' ', 'c');
    await terminal.waitFor('version 1 -> version 3');
  },
);

test('an edit is seen as a difference before it is saved; what is refused is not lost; then it is published', async () => {
  const client = configClient();
  const env = editorOf('sed -i s/3/4/ "$1"');
  const { terminal } = await onFiles({ client, env });
  client.answer('config.set', () => {
    throw new SgridError('bad_request', 'app.yaml, line 2: not YAML', { hint: 'mend it' });
  });
  terminal.press('e');
  const shown = (await terminal.waitFor('version 3 -> what you wrote')).join('\n');
  expect(shown).toContain('-workers: 3');
  expect(shown).toContain('+workers: 4');
  expect(client.calls.some(({ name }) => name === 'config.set')).toBe(false);
  terminal.press('enter');
  await terminal.waitFor('Save app.yaml of web');
  terminal.type('four');
  terminal.press('tab', 'right', 'tab', 'right', 'enter');
  await terminal.waitFor('Not saved: app.yaml, line 2: not YAML (mend it)');
  // What was typed is there again: the editor begins with it, and changes nothing more of it.
  terminal.press('escape', 'e');
  await terminal.waitFor('+workers: 4');
  client.answer('config.set', () => ({ file: versionOf(4), isChanged: true }));
  client.answer('config.publish', ({ dryRun }: { dryRun?: boolean }) => ({
    publication: dryRun === true ? null : { revision: 8 },
    instances: webIds.map((instanceId, at) => ({ instanceId, effect: at === 0 ? 'unchanged' : 'signal' })),
  }));
  terminal.press('enter');
  await terminal.waitFor('Save app.yaml of web');
  terminal.type('four');
  terminal.press('tab', 'right', 'tab', 'right', 'enter');
  const question = (await terminal.waitFor('Publish the config of web to 2 instances')).join('\n');
  expect(question).toContain('SIGHUP follows, to the main process of each; 1 instance have');
  // All that is not published goes along, and is said.
  expect(question).toMatch(/app\.yaml {2}version 2 -> version 3/);
  expect(question).toMatch(/own\.json \(only web@alpha:\d+\) {2}new -> version 1/);
  expect(client.calls.find(({ name }) => name === 'config.set')?.payload).toMatchObject({
    ...{ serviceName: 'web', name: 'app.yaml', baseVersion: 3, message: 'four' },
    text: TEXTS[3]?.replace('3', '4'),
  });
  const published = () =>
    client.calls.filter(
      ({ name, payload }) => name === 'config.publish' && !(payload as { dryRun?: true }).dryRun,
    );
  expect(published()).toEqual([]);
  terminal.press('y');
  await terminal.waitFor('Publishing the config of web: done');
  expect(published().map(({ payload }) => payload)).toEqual([
    { serviceName: 'web', action: { kind: 'signal', signal: 'SIGHUP' }, message: 'four' },
  ]);
});

test('roll back to a version, remove, add for one instance; a name that is none is refused in the form', async () => {
  const client = configClient();
  const env = editorOf('echo "workers: 9" > "$1"');
  const { terminal } = await onFiles({ client, env });
  terminal.press('enter');
  await terminal.waitFor('workers: 3');
  terminal.press('b');
  await terminal.waitFor('is the newest: nothing to go back to');
  terminal.press('G', 'b');
  await terminal.waitFor('version 3 -> version 1');
  terminal.press('enter');
  await terminal.waitFor('Roll back app.yaml of web to version 1');
  client.answer('config.rollback', () => ({ file: versionOf(4), isChanged: true }));
  terminal.press('enter');
  await terminal.waitFor('app.yaml saved as version 4; no instance has it before it is published');
  expect(client.calls.find(({ name }) => name === 'config.rollback')?.payload).toEqual({
    ...{ serviceName: 'web', name: 'app.yaml', version: 1, message: 'version 1 again' },
  });

  terminal.press('ctrl-x');
  await terminal.waitFor('Remove app.yaml of web');
  client.answer('config.remove', () => ({ file: versionOf(5, { isRemoval: true }) }));
  terminal.press('enter');
  await terminal.waitFor('app.yaml removed with version 5');

  terminal.press('escape', 'escape');
  await terminal.waitFor('own.json');
  terminal.press('a');
  await terminal.waitFor('A new config file');
  terminal.type('../x');
  terminal.press('enter');
  await terminal.waitFor('File: must be the name of a file');
  terminal.press('ctrl-u');
  terminal.type('new.yaml');
  terminal.press('tab', 'ctrl-u');
  terminal.type('nowhere:1');
  terminal.press('enter');
  await terminal.waitFor('web has no instance "nowhere:1"');
  terminal.press('ctrl-u');
  terminal.type('alpha:8101');
  client.answer('config.versions', () => ({ versions: [] }));
  terminal.press('enter');
  await terminal.waitFor('new.yaml of web: nothing -> what you wrote');
  terminal.press('enter');
  await terminal.waitFor('Save new.yaml of web@alpha:8101');
});

test('a secret is set unseen: what was typed is on no screen, and stays in the form when it is refused', async () => {
  const client = configClient();
  const { terminal } = await onFiles({ client });
  const written = vi.spyOn(terminal.stdout, 'write');
  client.answer('config.setSecret', () => {
    throw new SgridError('bad_request', 'the key is gone', { hint: 'restore it' });
  });
  terminal.press('s');
  await terminal.waitFor('Set a secret');
  terminal.type('db');
  await terminal.waitFor('It is there: version 1, ');
  terminal.press('tab');
  terminal.type(' pässw0rd ');
  await terminal.waitFor('**********');
  terminal.press('enter');
  await terminal.waitFor('Not set: the key is gone (restore it)');
  // Several lines would be changed on the way: nothing of them is taken.
  terminal.send('\x1b[200~one\ntwo\x1b[201~');
  await terminal.waitFor('Not taken: several lines');
  client.answer('config.setSecret', () => ({
    secret: { name: 'db', version: 2, actor: 'alice', at: snapshot.at },
  }));
  terminal.press('enter');
  await terminal.waitFor('Secret db of web: version 2 set');
  const sent = client.calls.filter(({ name }) => name === 'config.setSecret').map(({ payload }) => payload);
  const payload = { serviceName: 'web', name: 'db', value: ' pässw0rd ' };
  expect(sent).toEqual([payload, payload]);
  terminal.type(':');
  terminal.press('up');
  await terminal.waitFor(':config web');
  const all = written.mock.calls.map(([chunk]) => String(chunk)).join('');
  expect(all).toContain('*');
  expect(all).not.toContain('ä');
});

test('without files it says what to do; a viewer sees all and is refused every change', async () => {
  const client = configClient('viewer');
  const { terminal } = openCockpit({ client });
  await terminal.waitFor('alpha');
  terminal.type(':config pricing\r');
  await terminal.waitFor('pricing has no config files yet.');
  expect(terminal.screen().at(-1)).not.toMatch(/publish|edit|add/);
  terminal.press('a');
  await terminal.waitFor('Read only');
  terminal.press('escape', 's');
  await terminal.waitFor('Read only');
  terminal.type(':svc\r');
  await terminal.waitFor(/web .*2\/3/);
  terminal.press('G', 'f');
  await terminal.waitFor('services > config');
  await terminal.waitFor('app.yaml');
  terminal.press('e');
  await terminal.waitFor('Read only');
  terminal.press('enter');
  await terminal.waitFor('workers: 3');
  expect(client.calls.some(({ name }) => /set|publish|remove|rollback/.test(name))).toBe(false);
});

test('another version that somebody saves is there without a key', async () => {
  const { terminal, client } = await onFiles();
  terminal.press('enter');
  await terminal.waitFor('workers: 3');
  client.answer('config.list', () => ({
    files: [{ ...versionOf(4, { actor: 'carol' }), publishedVersion: 2 }],
    secrets: [],
  }));
  client.answer('config.versions', () => ({ versions: [versionOf(4, { actor: 'carol' }), versionOf(3)] }));
  client.answer('event.list', () => ({ events: [] }));
  client.send((listener) =>
    listener.onEvents?.([
      {
        ...{ eventId: crypto.randomUUID(), seq: 900, at: snapshot.at, kind: 'command', actor: 'carol' },
        ...{ instanceId: null, nodeId: null, serviceId: 1, result: 'ok' },
        message: 'set config app.yaml of web: version 4',
      },
    ]),
  );
  await terminal.waitFor(/ 4 +newest .*carol/);
});
