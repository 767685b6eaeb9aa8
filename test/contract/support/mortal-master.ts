import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Role } from '../../../common/domain/role.ts';
import { createFirstTokens } from '../../../master/access/first-tokens.ts';
import { createMaster } from '../../../master/app.ts';
import { createKeyring } from '../../../master/config-files/keyring.ts';
import { createPackageStore } from '../../../master/http/package-store.ts';
import { openStore, type Store } from '../../../master/store/open-store.ts';

/** A master that dies at its first move of a rollout. */
export interface MortalMaster {
  url: string;
  token(role: Role): string;
  /** Resolves when it has died. */
  died: Promise<void>;
  /** Buries it: what a killed process leaves to the kernel to close. */
  close(): Promise<void>;
}

/**
 * Starts a master whose database takes one move of a rollout at most, and nothing behind that: `before` undoes that move, as
 * a kill does in the middle of a transaction; `after` commits it, and what should have followed never happens.
 */
export async function startMortalMaster(stateDir: string, when: 'before' | 'after'): Promise<MortalMaster> {
  const store = await openStore({ file: join(stateDir, 'sgridnext.db'), now: Date.now });
  const directory = join(stateDir, 'tokens');
  await createFirstTokens({ tokens: store.tokens, directory, randomBytes, now: Date.now });
  const death = Promise.withResolvers<void>();
  const master = await createMaster({
    store: mortal(store, when, death.resolve),
    keyring: createKeyring({ file: join(stateDir, 'sgridnext.db.keys'), randomBytes }),
    packages: createPackageStore(join(stateDir, 'packages')),
    logger: pino({ level: 'silent' }),
    now: Date.now,
    newId: randomUUID,
    version: '0.0.0-test',
    host: '127.0.0.1',
    port: 0,
    limits: { minReadyMs: 1, nodeWaitMs: 20_000 },
  });
  return {
    url: master.url,
    token: (role) => readFileSync(join(directory, `${role}.token`), 'utf8').trim(),
    died: death.promise,
    async close() {
      await master.close();
      await store.close();
    },
  };
}

function mortal(store: Store, when: 'before' | 'after', onDeath: () => void): Store {
  let isDead = false;
  const die = (): never => {
    isDead = true;
    onDeath();
    throw new Error('killed');
  };
  return {
    ...store,
    async transaction(work) {
      if (isDead) throw new Error('nobody lives here');
      let isMove = false;
      const result = await store.transaction(async (repositories) => {
        const { rollouts } = repositories;
        const save: typeof rollouts.save = (before, after) => {
          isMove = true;
          return rollouts.save(before, after);
        };
        const value = await work({ ...repositories, rollouts: { ...rollouts, save } });
        return isMove && when === 'before' ? die() : value;
      });
      return isMove ? die() : result;
    },
  };
}
