import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { said } from '../../common/domain/said.ts';
import { JOIN_TOKEN_LIFE_MS, type TokenView } from '../../common/domain/token.ts';
import { SgridError, toWireError } from '../../common/protocol/errors.ts';
import { formatToken, hashToken } from '../access/token.ts';
import type { RecordEvent } from '../event-log.ts';
import type { Repositories } from '../store/open-store.ts';
import type { TokenRecord, TokenRepository } from '../store/tokens.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

type Names = 'token.list' | 'token.create' | 'token.rotate' | 'token.revoke';

/** Tokens by name. A secret leaves the master once, in the answer that made it, and is in no event. */
export function createTokenHandlers({
  store,
  events,
  authority,
  cutToken,
  renewTokenFile,
  logger,
  now,
}: HandlerDependencies & { logger: Logger }): CockpitHandlers<Names> {
  /** A change of tokens counts once it is committed. */
  const change = async <T>(
    work: (tokens: TokenRepository, record: RecordEvent) => Promise<T>,
  ): Promise<T> => {
    const { result, all } = await events.transaction(async ({ tokens }: Repositories, record) => ({
      result: await work(tokens, record),
      all: await tokens.list(),
    }));
    authority.load(all);
    return result;
  };
  /** The token is rotated whether its file can be written or not, and whoever asked has the secret. */
  const renewFile = (name: string, oldHash: string, secret: string): void => {
    try {
      const file = renewTokenFile(name, oldHash, secret);
      if (file !== null) logger.info({ file }, 'a token was rotated; its file has the new secret');
    } catch (error) {
      logger.warn({ token: name, error: toWireError(error) }, 'the file of a token has its old secret still');
    }
  };
  return {
    'token.list': async () => ({
      tokens: (await store.tokens.list()).filter(({ revokedAt }) => revokedAt === null).map(toView),
    }),

    'token.create': async ({ name, role, isJoin, expiresInMs }, { identity: { actor } }) => {
      if (isJoin && role !== 'agent') {
        throw new SgridError('bad_request', said`only a token of role agent is for joining, not ${role}`);
      }
      const secret = formatToken(role, randomBytes(32));
      const token = await change(async (tokens, record) => {
        const lifeMs = expiresInMs ?? (isJoin ? JOIN_TOKEN_LIFE_MS : undefined);
        const createdAt = now();
        const expiresAt = lifeMs === undefined ? null : createdAt + lifeMs;
        const hash = hashToken(secret);
        const created = await tokens.create({
          ...{ name, role, hash, isJoin, expiresAt },
          ...{ createdAt, createdBy: actor },
        });
        await record({ kind: 'command', actor, message: said`create token ${name} (${role})` });
        return created;
      });
      return { token: toView(token), secret };
    },

    'token.rotate': async ({ name }, { identity: { actor } }) => {
      const { token, secret, oldHash } = await change(async (tokens, record) => {
        const known = (await tokens.list()).find((each) => each.name === name);
        const fresh = formatToken(known?.role ?? 'viewer', randomBytes(32));
        const rotated = await tokens.rotate(name, hashToken(fresh));
        await record({ kind: 'command', actor, message: said`rotate token ${name}` });
        return { token: rotated, secret: fresh, oldHash: known?.hash ?? '' };
      });
      renewFile(name, oldHash, secret);
      cutToken(name);
      return { token: toView(token), secret };
    },

    'token.revoke': async ({ name }, { identity: { actor } }) => {
      await change(async (tokens, record) => {
        await tokens.revoke(name, now());
        if (!(await tokens.list()).some(isLastingAdmin)) {
          throw new SgridError(
            'conflict',
            said`"${name}" is the only token of role admin that does not expire`,
            {
              hint: said`make another one first: without it nobody could make tokens any more`,
            },
          );
        }
        await record({ kind: 'command', actor, message: said`revoke token ${name}` });
      });
      cutToken(name);
      return {};
    },
  };
}

function isLastingAdmin({ role, revokedAt, expiresAt }: TokenRecord): boolean {
  return role === 'admin' && revokedAt === null && expiresAt === null;
}

function toView({ name, role, createdAt, createdBy, expiresAt, nodeId, isJoin }: TokenRecord): TokenView {
  return { name, role, createdAt, createdBy, expiresAt, nodeId, isUnused: isJoin && nodeId === null };
}
