import { type ConfigSecret, MAX_SECRET_BYTES } from '../../common/domain/config-file.ts';
import { secretNamesOf } from '../../common/domain/config-template.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { secretContext } from '../config-files/content.ts';
import type { Repositories } from '../store/open-store.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

type Names = 'config.setSecret' | 'config.removeSecret' | 'config.rotateKey';

export function createConfigSecretHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, events, keyring, now } = deps;

  return {
    'config.setSecret': async ({ serviceName, name, value }, { identity: { actor } }) => {
      if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
        throw new SgridError('too_large', said`a secret takes ${MAX_SECRET_BYTES} bytes at most`);
      const added = await events.transaction(async ({ services, secrets }, record) => {
        const { serviceId } = await services.byName(serviceName);
        const sealed = keyring.seal(value, secretContext({ serviceId, name }));
        const secret = await secrets.add({ serviceId, name, ...sealed, actor, at: now() });
        const text = said`set secret ${name} of ${serviceName}: version ${secret.version}`;
        await record({ kind: 'command', actor, serviceId, message: text });
        return secret;
      });
      return { secret: toSecret(added) };
    },

    'config.removeSecret': async ({ serviceName, name }, { identity: { actor } }) => {
      const service = await store.services.byName(serviceName);
      await events.transaction(async (repositories, record) => {
        const { serviceId } = service;
        if (!(await repositories.secrets.newest(serviceId)).some((secret) => secret.name === name)) {
          throw new SgridError('not_found', said`"${serviceName}" has no secret "${name}"`, {
            hint: said`see "sgrid config list"`,
          });
        }
        await demandUnused(repositories, serviceId, name);
        await repositories.secrets.remove(serviceId, name);
        const text = said`remove secret ${name} of ${serviceName}`;
        await record({ kind: 'command', actor, serviceId, message: text });
      });
      return {};
    },

    'config.rotateKey': async (_payload, { identity: { actor } }) =>
      await events.transaction(async ({ secrets }, record) => {
        const all = await secrets.all();
        // All are opened before there is another key: one that cannot be leaves everything as it is.
        const values = all.map((secret) => keyring.open(secret, secretContext(secret)));
        const keyId = keyring.rotate();
        for (const [at, secret] of all.entries())
          await secrets.reseal(secret.secretId, keyring.seal(values[at] ?? '', secretContext(secret)));
        const text = said`rotate the key of secrets: ${keyId}, ${all.length} encrypted anew`;
        await record({ kind: 'command', actor, message: text });
        return { keyId, secrets: all.length };
      }),
  };
}

/** @throws SgridError `conflict` naming the file that a secret is in */
async function demandUnused(
  { configs, instances }: Repositories,
  serviceId: number,
  name: string,
): Promise<void> {
  const inUse = (where: string): SgridError =>
    new SgridError('conflict', said`secret "${name}" is in use: ${where}`, {
      hint: said`take it out of the files, and publish them`,
    });
  for (const file of await configs.newest(serviceId)) {
    const text = file.isRemoval ? '' : ((await configs.content(file.versionId)) ?? '');
    if (secretNamesOf(text).includes(name)) throw inUse(file.name);
  }
  const published = await configs.lastPublication(serviceId, 'whole');
  const records = (await instances.list()).filter((record) => record.serviceId === serviceId);
  const refs = records.flatMap(({ config, nextConfig }) => [config, nextConfig]);
  for (const { files } of [published, ...refs].filter((each) => each !== null)) {
    const file = files.find(({ secrets }) => secrets.some((secret) => secret.name === name));
    if (file !== undefined) throw inUse(`${file.name}, as it is published`);
  }
}

/** What is told of it. */
export function toSecret({ name, version, actor, at }: ConfigSecret): ConfigSecret {
  return { name, version, actor, at };
}
