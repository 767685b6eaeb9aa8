import {
  type ConfigFile,
  type ConfigRef,
  type ConfigSecret,
  type ConfigVersion,
  describeConfigAction,
  MAX_CONFIG_FILE_BYTES,
  MAX_SECRET_BYTES,
} from '../../common/domain/config-file.ts';
import { blankSecrets, secretNamesOf } from '../../common/domain/config-template.ts';
import type { Service } from '../../common/domain/service.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { secretContext } from '../config-files/content.ts';
import { collectFiles, filesFor, planFor } from '../config-files/publication.ts';
import { demandSyntax } from '../config-files/syntax.ts';
import { beginRestart } from '../control/restart-begin.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { ConfigFileKey } from '../store/config-files.ts';
import type { InstanceChange, InstanceRecord } from '../store/instances.ts';
import type { Repositories } from '../store/open-store.ts';
import { deliveryOf } from './config-delivery.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

type Names =
  | 'config.list'
  | 'config.read'
  | 'config.versions'
  | 'config.set'
  | 'config.remove'
  | 'config.rollback'
  | 'config.publish'
  | 'config.status'
  | 'config.setSecret'
  | 'config.removeSecret'
  | 'config.rotateKey';

/** Of each file, beside those that are published. */
const KEPT_VERSIONS = 100;
const KEPT_PUBLICATIONS = 100;

/** Which file is meant, as it comes over the link. */
interface Named {
  serviceName: string;
  name: string;
  instanceId?: number | undefined;
}

export function createConfigHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, events, rollouts, configs, keyring, now } = deps;

  const instancesOf = ({ serviceId }: Service): InstanceEntry[] =>
    [...fleet.instances()].filter(({ record }) => record.serviceId === serviceId && !record.removing);

  const keyOf = async (
    { services }: Pick<Repositories, 'services'>,
    { serviceName, name, instanceId }: Named,
  ): Promise<ConfigFileKey> => {
    const { serviceId } = await services.byName(serviceName);
    if (instanceId !== undefined && fleet.instance(instanceId)?.record.serviceId !== serviceId) {
      throw new SgridError('not_found', `"${serviceName}" has no instance ${instanceId}`, {
        hint: 'list the instances',
      });
    }
    return { serviceId, name, instanceId: instanceId ?? null };
  };

  /** Adds a version and its event in one transaction. @param verb begins the event's message */
  const add = async (
    actor: string,
    verb: string,
    named: Named,
    make: (
      repositories: Repositories,
      key: ConfigFileKey,
    ) => Promise<
      { content: string | null; message: string; baseVersion?: number | undefined } | ConfigVersion
    >,
  ): Promise<{ file: ConfigVersion; isChanged: boolean }> =>
    await events.transaction(async (repositories, record) => {
      const key = await keyOf(repositories, named);
      const made = await make(repositories, key);
      if ('versionId' in made) return { file: made, isChanged: false };
      const file = await repositories.configs.add({ ...key, ...made, actor }, KEPT_VERSIONS, now());
      await record({
        kind: 'command',
        actor,
        serviceId: key.serviceId,
        instanceId: key.instanceId,
        message: `${verb} ${labelOf(named)}: version ${file.version}${because(made.message)}`,
      });
      return { file, isChanged: true };
    });

  return {
    'config.list': async ({ serviceName }) => {
      const { serviceId } = await store.services.byName(serviceName);
      const published = await store.configs.lastPublication(serviceId, 'whole');
      const versions = new Map<string, number>();
      const files: ConfigFile[] = [];
      for (const file of await store.configs.newest(serviceId)) {
        const refs =
          file.instanceId === null ? published?.files : fleet.instance(file.instanceId)?.record.config?.files;
        const ref = refs?.find(({ name }) => name === file.name);
        const publishedVersion = ref === undefined ? null : await versionOf(file, ref.versionId, versions);
        files.push({ ...file, publishedVersion });
      }
      return { files, secrets: (await store.secrets.newest(serviceId)).map(toSecret) };
    },

    'config.read': async ({ version, ...named }) => {
      const { content, ...file } = await store.configs.read(await keyOf(store, named), version);
      if (content !== null) return { file, text: content };
      throw new SgridError('not_found', `${labelOf(named)} was removed with version ${file.version}`, {
        hint: 'name an older version',
      });
    },

    'config.versions': async (named) => ({
      versions: await store.configs.versions(await keyOf(store, named)),
    }),

    'config.set': async ({ text, message, force, baseVersion, ...named }, { identity }) => {
      demandText(named.name, text);
      secretNamesOf(text);
      if (!force) demandSyntax(named.name, blankSecrets(text));
      return await add(identity.actor, 'set config', named, async (repositories, key) => {
        const [last] = await repositories.configs.versions(key);
        const isSame =
          last !== undefined &&
          !last.isRemoval &&
          (await repositories.configs.content(last.versionId)) === text;
        return isSame ? last : { content: text, message, baseVersion };
      });
    },

    'config.remove': async ({ message, ...named }, { identity }) => {
      const { file } = await add(identity.actor, 'remove config', named, async ({ configs: files }, key) => {
        const { content: _, ...last } = await files.read(key);
        return last.isRemoval ? last : { content: null, message };
      });
      return { file };
    },

    'config.rollback': async ({ version, message, ...named }, { identity }) =>
      await add(identity.actor, 'roll back config', named, async ({ configs: files }, key) => {
        const { content } = await files.read(key, version);
        if (content === null) {
          throw new SgridError('conflict', `${labelOf(named)}: version ${version} is its removal`, {
            hint: 'remove the file instead',
          });
        }
        const last = await files.read(key);
        const { content: present, ...newest } = last;
        const why = message === '' ? `version ${version} again` : message;
        return present === content ? newest : { content, message: why };
      }),

    'config.publish': async (request, { identity }) => {
      const { serviceName, instanceIds, action, options, message, force, dryRun } = request;
      const service = await store.services.byName(serviceName);
      const { serviceId } = service;
      if (action.kind === 'signal' && service.dockerName !== undefined) {
        throw new SgridError(
          'bad_request',
          `"${serviceName}" is a container: it has no process of ours to signal`,
          {
            hint: 'publish with a restart',
          },
        );
      }
      const targets = chosen(service, instancesOf(service), instanceIds);
      const { actor } = identity;
      const result = await events.transaction(async (repositories, record) => {
        const files = await collectFiles(repositories, keyring, serviceId, force);
        const planned = (revision: number) =>
          targets.map((entry) => {
            const { instanceId } = entry.record;
            return { instanceId, ...planFor(entry, revision, filesFor(files, instanceId), action) };
          });
        const effects = planned(1);
        for (const { instanceId, effect } of effects)
          if (effect === 'restart') rollouts.demandIdle(instanceId);
        const base = filesFor(files, null);
        if (dryRun) return { publication: null, changed: [], effects, rollout: null };
        const isWhole = instanceIds === undefined;
        const publication = await repositories.configs.publish(
          { serviceId, actor, at: now(), message, action, isWhole, files: base },
          KEPT_PUBLICATIONS,
        );
        const changed: InstanceRecord[] = [];
        const rolling = new Set(
          effects.filter(({ effect }) => effect === 'restart').map(({ instanceId }) => instanceId),
        );
        for (const { instanceId, change } of planned(publication.revision)) {
          // On a node that is away it comes with the restart, at its return.
          const isAway = !fleet.isUp(fleet.instance(instanceId)?.record.nodeId ?? 0);
          if (isAway) rolling.delete(instanceId);
          const made = isAway && change.nextConfig ? atOnce(change.nextConfig) : change;
          changed.push(await repositories.instances.change(instanceId, made));
        }
        const touched = effects.filter(({ effect }) => effect !== 'unchanged').length;
        await record({
          kind: 'command',
          actor,
          serviceId,
          message: `publish config ${publication.revision} of ${serviceName} to ${targets.length} instances, ${touched} of them with changes, then ${describeConfigAction(action)}${because(message)}`,
        });
        const why = `config ${publication.revision}${because(message)}`;
        const order = { serviceId, actor, message: why, startedAt: now() };
        const rollout = await beginRestart(
          repositories,
          record,
          targets.filter((entry) => rolling.has(entry.record.instanceId)),
          { ...order, options: { ...options, minReadyMs: options.minReadyMs ?? deps.minReadyMs } },
        );
        return { publication, changed, effects, rollout };
      });
      for (const record of result.changed) fleet.putInstance(record);
      if (result.rollout !== null) rollouts.start(result.rollout);
      configs.wake(serviceId);
      const instances = result.effects.map(({ instanceId, effect }) => ({ instanceId, effect }));
      return { publication: result.publication, instances, rollout: result.rollout };
    },

    'config.status': async ({ serviceName }) => {
      const service = await store.services.byName(serviceName);
      const last = await store.configs.lastPublication(service.serviceId, 'any');
      const { files: _, ...publication } = last ?? { files: [] };
      return {
        publication: 'revision' in publication ? publication : null,
        deliveries: instancesOf(service)
          .map((entry) => deliveryOf(entry, fleet.isUp(entry.record.nodeId)))
          .sort((one, other) => one.instanceId - other.instanceId),
      };
    },

    'config.setSecret': async ({ serviceName, name, value }, { identity: { actor } }) => {
      if (Buffer.byteLength(value) > MAX_SECRET_BYTES)
        throw new SgridError('too_large', `a secret takes ${MAX_SECRET_BYTES} bytes at most`);
      const added = await events.transaction(async ({ services, secrets }, record) => {
        const { serviceId } = await services.byName(serviceName);
        const sealed = keyring.seal(value, secretContext({ serviceId, name }));
        const secret = await secrets.add({ serviceId, name, ...sealed, actor, at: now() });
        const text = `set secret ${name} of ${serviceName}: version ${secret.version}`;
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
          throw new SgridError('not_found', `"${serviceName}" has no secret "${name}"`, {
            hint: 'see "sgrid config list"',
          });
        }
        await demandUnused(repositories, serviceId, name);
        await repositories.secrets.remove(serviceId, name);
        const text = `remove secret ${name} of ${serviceName}`;
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
        const text = `rotate the key of secrets: ${keyId}, ${all.length} encrypted anew`;
        await record({ kind: 'command', actor, message: text });
        return { keyId, secrets: all.length };
      }),
  };

  /** The number of a version that may be older than the newest. */
  async function versionOf(
    file: ConfigVersion,
    versionId: number,
    known: Map<string, number>,
  ): Promise<number | null> {
    if (file.versionId === versionId) return file.version;
    const key = `${file.instanceId} ${file.name}`;
    if (!known.has(key)) {
      const { serviceId } = await store.services.byName(file.serviceName);
      const all = await store.configs.versions({ serviceId, instanceId: file.instanceId, name: file.name });
      const found = all.find((each) => each.versionId === versionId);
      // An instance without a file of its own yet has the service's.
      if (found === undefined) return null;
      known.set(key, found.version);
    }
    return known.get(key) ?? null;
  }
}

/** A restart that nobody has to wait for. */
function atOnce(config: ConfigRef): InstanceChange {
  return { config, nextConfig: null, restart: true };
}

function chosen(
  { name }: Service,
  entries: readonly InstanceEntry[],
  instanceIds: readonly number[] | undefined,
): readonly InstanceEntry[] {
  if (instanceIds === undefined) return entries;
  const byId = new Map(entries.map((entry) => [entry.record.instanceId, entry]));
  return [...new Set(instanceIds)].map((instanceId) => {
    const entry = byId.get(instanceId);
    if (entry !== undefined) return entry;
    throw new SgridError('not_found', `"${name}" has no instance ${instanceId}`, {
      hint: 'list the instances',
    });
  });
}

function demandText(name: string, text: string): void {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_CONFIG_FILE_BYTES) {
    throw new SgridError('too_large', `${name} has ${sizeBytes} bytes, a config file 1 MiB at most`, {
      hint: 'put what is large into the package',
    });
  }
  if (text.includes('\0'))
    throw new SgridError('bad_request', `${name} holds a NUL: only text can be a config file`);
}

/** @throws SgridError `conflict` naming the file that a secret is in */
async function demandUnused(
  { configs, instances }: Repositories,
  serviceId: number,
  name: string,
): Promise<void> {
  const inUse = (where: string): SgridError =>
    new SgridError('conflict', `secret "${name}" is in use: ${where}`, {
      hint: 'take it out of the files, and publish them',
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

function toSecret({ name, version, actor, at }: ConfigSecret): ConfigSecret {
  return { name, version, actor, at };
}

function labelOf({ serviceName, name, instanceId }: Named): string {
  return `${name} of ${serviceName}${instanceId === undefined ? '' : ` for instance ${instanceId}`}`;
}

function because(message: string): string {
  return message === '' ? '' : ` (${message})`;
}
