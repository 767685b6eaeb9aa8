import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMasterClient } from '../../cockpit/client/connection.ts';
import { createPackageFetcher } from '../../node/fetch-package.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { sha256Of, tarOf } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

const archive = tarOf({ 'run.sh': '#!/bin/sh\n', 'data.bin': randomBytes(12_345_678) });
const sha256 = sha256Of(archive);

describe.each([{ tls: false }, { tls: true }])(
  'packages between master and agent, encrypted: $tls',
  ({ tls }) => {
    let master: TestMaster;

    beforeEach(async () => {
      master = await startMaster({ tls });
      const client = createMasterClient({
        ...{ url: master.url, token: master.token('admin'), version: 'test' },
        ...{ clock: Date.now, random: Math.random },
      });
      await client.ready(5000);
      await client.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run.sh' } });
      const file = join(master.stateDir, 'web.tar');
      writeFileSync(file, archive);
      await client.upload({ serviceName: 'web', file, version: '1', message: '' });
      client.close();
    });
    afterEach(() => master.close());

    const fetchPackage = (): ReturnType<typeof createPackageFetcher> =>
      createPackageFetcher({
        masterUrl: master.url,
        token: () => master.token('agent'),
        onProgress: () => {},
      });

    /** What the master, which runs in this process, holds open of its packages. */
    const openPackages = (): string[] =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          const file = readlinkSync(`/proc/self/fd/${fd}`);
          return file.endsWith(sha256) ? [file] : [];
        } catch {
          return [];
        }
      });

    test('come out byte by byte, for several at once, from any byte on, however slow they read', async () => {
      const fetched = await Promise.all(
        [0, 0, 1, 524_288, 7_000_001].map(async (offset) => {
          const hash = createHash('sha256').update(archive.subarray(0, offset));
          for await (const piece of await fetchPackage()(sha256, offset, new AbortController().signal)) {
            await turn();
            hash.update(piece);
          }
          return hash.digest('hex');
        }),
      );
      expect(fetched).toEqual(Array(5).fill(sha256));
      expect(openPackages()).toEqual([]);
    });

    test('are let go of when the agent leaves in the middle', async () => {
      const leaving = new AbortController();
      const pieces = await fetchPackage()(sha256, 0, leaving.signal);
      await pieces[Symbol.asyncIterator]().next();
      expect(openPackages()).toHaveLength(1);
      leaving.abort();
      await waitFor('the file to be closed', () => openPackages().length === 0);
    });
  },
);
