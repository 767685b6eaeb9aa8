import {
  type ConfigFile,
  type ConfigVersion,
  MAX_CONFIG_FILE_BYTES,
} from '../../common/domain/config-file.ts';
import { blankSecrets, secretNamesOf } from '../../common/domain/config-template.ts';
import { inBrackets, said, word } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { demandSyntax } from '../config-files/syntax.ts';
import type { ConfigFileKey } from '../store/config-files.ts';
import type { Repositories } from '../store/open-store.ts';
import { toSecret } from './config-secrets.ts';
import type { CockpitHandlers, HandlerDependencies } from './context.ts';

type Names =
  | 'config.list'
  | 'config.read'
  | 'config.versions'
  | 'config.set'
  | 'config.remove'
  | 'config.rollback';

/** Of each file, beside those that are published. */
const KEPT_VERSIONS = 100;

/** Which file is meant, as it comes over the link. */
interface Named {
  serviceName: string;
  name: string;
  instanceId?: number | undefined;
}

export function createConfigFileHandlers(deps: HandlerDependencies): CockpitHandlers<Names> {
  const { store, fleet, events, now } = deps;

  const keyOf = async (
    { services }: Pick<Repositories, 'services'>,
    { serviceName, name, instanceId }: Named,
  ): Promise<ConfigFileKey> => {
    const { serviceId } = await services.byName(serviceName);
    if (instanceId !== undefined && fleet.instance(instanceId)?.record.serviceId !== serviceId) {
      throw new SgridError('not_found', said`"${serviceName}" has no instance ${instanceId}`, {
        hint: said`list the instances`,
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
        message: said`${word(verb)} ${labelOf(named)}: version ${file.version}${inBrackets(made.message)}`,
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
      throw new SgridError('not_found', said`${labelOf(named)} was removed with version ${file.version}`, {
        hint: said`name an older version`,
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
          throw new SgridError('conflict', said`${labelOf(named)}: version ${version} is its removal`, {
            hint: said`remove the file instead`,
          });
        }
        const last = await files.read(key);
        const { content: present, ...newest } = last;
        const why = message === '' ? `version ${version} again` : message;
        return present === content ? newest : { content, message: why };
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

function demandText(name: string, text: string): void {
  const sizeBytes = Buffer.byteLength(text);
  if (sizeBytes > MAX_CONFIG_FILE_BYTES) {
    throw new SgridError('too_large', said`${name} has ${sizeBytes} bytes, a config file 1 MiB at most`, {
      hint: said`put what is large into the package`,
    });
  }
  if (text.includes('\0'))
    throw new SgridError('bad_request', said`${name} holds a NUL: only text can be a config file`);
}

function labelOf({ serviceName, name, instanceId }: Named): string {
  return `${name} of ${serviceName}${instanceId === undefined ? '' : ` for instance ${instanceId}`}`;
}
