import { expect, test } from 'vitest';
import type { ReleaseRef } from '../../../common/domain/release.ts';
import { createHousekeeping, type ReleaseUser } from '../../../node/supervisor/housekeeping.ts';

const release = (sha256: string): ReleaseRef => ({ releaseId: 1, version: '1', sha256, sizeBytes: 1 });
const user = (service: string | null, ...used: string[]): ReleaseUser => ({
  serviceName: () => service,
  releases: () => used.map(release),
});

async function prunedWith(users: ReleaseUser[], act: 'one' | 'all'): Promise<unknown[]> {
  const calls: unknown[] = [];
  const housekeeping = createHousekeeping({
    releaseStore: {
      services: async () => ['api', 'web'],
      find: async (service, { sha256 }) => `/${service}/${sha256}`,
      prune: async (service, inUse, keep) => void calls.push([service, [...inUse], keep]),
    },
    users: () => users,
    logger: { warn: () => {} },
  });
  if (act === 'one') housekeeping.prune('web');
  else housekeeping.pruneAll();
  await housekeeping.close();
  return calls;
}

test('what is used stays, with a few more; of a service without an instance nothing does', async () => {
  const users = [user('web', 'a', 'b'), user('web', 'a')];
  expect(await prunedWith(users, 'one')).toEqual([['web', ['/web/a', '/web/b'], 3]]);
  expect(await prunedWith(users, 'all')).toEqual([
    ['api', [], 0],
    ['web', ['/web/a', '/web/b'], 3],
  ]);
});

test('nothing is removed while it is not known what an instance needs', async () => {
  expect(await prunedWith([user('web', 'a'), user(null)], 'all')).toEqual([]);
});
