import { expect, test } from 'vitest';
import { createRecordedClient, linkUp, readRecording } from '../support/recorded-client.ts';
import { openCockpit } from './cockpit-support.ts';

const recording = readRecording('three-nodes');
const EMPTY = {
  ...recording,
  snapshot: { ...recording.snapshot, nodes: [], instances: [], nodeSamples: [] },
  services: [],
  releases: [],
  events: [],
  histories: [],
};

/** Every table, and the words that say what to do next. */
const SCREENS = [
  ['nodes', 'Start an agent with a token of role agent'],
  ['pulse', 'Start an agent with a token of role agent'],
  ['instances', 'sgrid instance create'],
  ['services', 'sgrid service create'],
  ['releases', 'sgrid upload'],
  ['rollouts', 'D on a service or an instance'],
  ['registry', 'then deploy a release on them'],
  ['events', 'will stand here, newest first'],
  ['config', 'a adds one'],
  ['tokens', 'a token of role admin'],
  ['who', 'Nobody is known'],
] as const;

test.each([
  [60, 15],
  [80, 24],
])('a fleet of nothing: every screen says what to do next, whole, at %i x %i', async (columns, rows) => {
  const client = createRecordedClient(EMPTY as never, { link: linkUp('operator') });
  const { terminal } = openCockpit({ client, columns, rows });
  await terminal.waitFor('No node has joined yet.');
  for (const [screen, words] of SCREENS) {
    terminal.type(`:${screen}\r`);
    const lines = await terminal.waitFor(
      (now) => now[1]?.includes(screen) === true && now.join(' ').replaceAll(/\s+/g, ' ').includes(words),
    );
    // Nothing of it is cut off at the right: the words stand whole, over several lines where they have to.
    expect(lines.slice(2, -2).filter((line) => /^ \S/.test(line) && line.length >= columns)).toEqual([]);
  }
});

test('a filter that nothing meets says so, and how all come back', async () => {
  const { terminal } = openCockpit();
  await terminal.waitFor('alpha');
  terminal.type('/nothing-of-this-name\r');
  await terminal.waitFor('No row meets "nothing-of-this-name".');
  await terminal.waitFor('Esc shows all again.');
  terminal.press('escape');
  await terminal.waitFor('alpha');
});
