import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { KINDS } from '../../cockpit/cli/listing/kinds.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { tarOf, uploadPackage } from '../support/packages.ts';
import { runSgrid } from '../support/sgrid.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeAll(async () => {
  master = await startMaster({ limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 1);
  const file = { serviceName: 'web', name: 'app.json' };
  await fleet.admin.call('config.set', { ...file, text: '{}' });
  const content = tarOf({ 'run.sh': '#!/bin/sh\n' });
  await uploadPackage(master, { serviceName: 'web', version: 'v2', content });
  await deploy(
    fleet.admin,
    fleet.release.releaseId,
    fleet.instances.map(({ instanceId }) => instanceId),
  );
});
afterAll(async () => {
  closeAll(fleet);
  await master.close();
});

/** Keys of each kind as docs/CLI.md has them. */
const documented = new Map(
  readFileSync(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [, kind = '', keys = ''] = /^\| (\w+) \| (`.*) \|$/.exec(line) ?? [];
      const optional = [...keys.matchAll(/\[`(\w+)`\]/g)].map(([, key]) => key);
      const all = [...keys.matchAll(/`(\w+)`/g)].map(([, key]) => key);
      return kind === ''
        ? []
        : [[kind, { all, always: all.filter((key) => !optional.includes(key)) }] as const];
    }),
);

test.each(KINDS)('the keys of %s in docs/CLI.md are those of its JSON', async (kind) => {
  const keys = documented.get(kind);
  expect(keys, `${kind} is not in docs/CLI.md`).toBeDefined();
  const asAdmin = { ...master, tokenFile: () => master.tokenFile('admin') };
  const objects = await waitFor(`some ${kind}`, async () => {
    const { code, out, err } = await runSgrid(asAdmin, ['get', kind, '-o', 'json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const found: Record<string, unknown>[] = JSON.parse(out);
    return found.length > 0 ? found : null;
  });
  for (const object of objects) {
    expect(Object.keys(object)).toEqual(expect.arrayContaining(keys?.always ?? []));
    expect(keys?.all).toEqual(expect.arrayContaining(Object.keys(object)));
  }
});

/** The second table: keys of its own, and those of a kind that it adds to or leaves some out of. */
const ofOne = readFileSync(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, command = '', words = ''] = /^\| `([a-z ]+)` \| (.*) \|$/.exec(line) ?? [];
    if (command === '' || command.startsWith('get ')) return [];
    const [, kind = '', rest = words] = /^those of `get (\w+)`(.*)$/.exec(words) ?? [];
    const own = [...rest.matchAll(/`(\w+)`/g)].flatMap(([, key = '']) => key);
    const base = documented.get(kind)?.always ?? [];
    const keys = rest.includes('without')
      ? base.filter((key) => !own.includes(key ?? ''))
      : [...base, ...own];
    const isAdded = documented.get(kind)?.all.length !== base.length;
    return [{ command, keys, isAdded }];
  });

const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  'rollout status': ['web'],
  'release diff': ['web', 'v1', 'v2'],
  'config diff': ['web'],
  'config list': ['web'],
  'config history': ['web', 'app.json'],
  'describe node': ['1'],
  'describe service': ['web'],
  'describe instance': ['web'],
};

test('every command of the second table is tried', () => {
  expect(ofOne.map(({ command }) => command).sort()).toEqual(Object.keys(ARGUMENTS).sort());
});

test.each(ofOne)('the keys of $command in docs/CLI.md are those of its JSON and its YAML', async (row) => {
  const { command, keys, isAdded } = row;
  const run = (format: string) =>
    runSgrid(master, [...command.split(' '), ...(ARGUMENTS[command] ?? []), '-o', format]);
  const { code, out, err } = await run('json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const printed: unknown = JSON.parse(out);
  const [object] = [printed].flat() as [Record<string, unknown>];
  if (isAdded) expect(Object.keys(object)).toEqual(expect.arrayContaining(keys));
  else expect(Object.keys(object).sort()).toEqual([...keys].sort());
  const [fromYaml] = [parse((await run('yaml')).out)].flat();
  expect(Object.keys(fromYaml)).toEqual(Object.keys(object));
});
