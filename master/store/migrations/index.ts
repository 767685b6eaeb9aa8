import type { Kysely } from 'kysely';
import type { Database } from '../schema.ts';
import { initial } from './001-initial.ts';
import { rollouts } from './002-rollouts.ts';
import { nodeIdentity } from './003-node-identity.ts';
import { releasesAndTokens } from './004-releases-and-tokens.ts';
import { figuresHistory } from './005-figures-history.ts';
import { configFiles } from './006-config-files.ts';
import { webhooks } from './007-webhooks.ts';
import { restartsAndDrains } from './008-restarts-and-drains.ts';
import { stepPorts } from './009-step-ports.ts';
import { saidTexts } from './010-said.ts';

export type Migration = (db: Kysely<Database>) => Promise<void>;

/** In order; a migration's version is its place, counted from 1. One that was released is never edited: add the next. */
export const MIGRATIONS: readonly Migration[] = [
  initial,
  rollouts,
  nodeIdentity,
  releasesAndTokens,
  figuresHistory,
  configFiles,
  webhooks,
  restartsAndDrains,
  stepPorts,
  saidTexts,
];
