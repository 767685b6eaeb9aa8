import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KINDS } from '../../cockpit/cli/listing/kinds.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { runSgrid } from '../support/sgrid.ts';
import { waitFor } from '../support/wait-for.ts';
import { closeAll, createWebFleet, deploy, type WebFleet } from './support/fleet.ts';

let master: TestMaster;
let fleet: WebFleet;
beforeAll(async () => {
  master = await startMaster({ limits: { minReadyMs: 1 } });
  fleet = await createWebFleet(master, 1);
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
