import {
  type ConfigAction,
  type ConfigFileRef,
  type ConfigRef,
  type ConfigVersion,
  MAX_CONFIG_BYTES,
  MAX_CONFIG_FILES,
} from '../../common/domain/config-file.ts';
import { fillSecrets, secretNamesOf } from '../../common/domain/config-template.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { InstanceEntry } from '../fleet/fleet-model.ts';
import type { InstanceChange } from '../store/instances.ts';
import type { Repositories } from '../store/open-store.ts';
import { openSecrets } from './content.ts';
import type { Keyring } from './keyring.ts';
import { demandSyntax } from './syntax.ts';

export type ConfigEffect = 'unchanged' | 'live' | 'signal' | 'restart';

/** A file as it would be published now, and whom it is for. */
export interface PublishableFile {
  instanceId: number | null;
  ref: ConfigFileRef;
}

/**
 * The newest version of each file, with its secrets. What could not be delivered is refused here, not on the nodes.
 *
 * @throws SgridError `not_found` naming the secrets that are missing, `conflict` for one that cannot be read, `bad_request`
 * where its secrets break a file's syntax, unless forced.
 */
export async function collectFiles(
  repositories: Pick<Repositories, 'configs' | 'secrets'>,
  keyring: Keyring,
  serviceId: number,
  force: boolean,
): Promise<PublishableFile[]> {
  const known = new Map(
    (await repositories.secrets.newest(serviceId)).map((secret) => [secret.name, secret.secretId]),
  );
  const files: PublishableFile[] = [];
  const missing = new Set<string>();
  for (const version of await repositories.configs.newest(serviceId)) {
    if (version.isRemoval) continue;
    const text = (await repositories.configs.content(version.versionId)) ?? '';
    const names = secretNamesOf(text);
    for (const name of names) if (!known.has(name)) missing.add(name);
    const secrets = names.flatMap((name) => {
      const secretId = known.get(name);
      return secretId === undefined ? [] : [{ name, secretId }];
    });
    if (secrets.length > 0 && secrets.length === names.length) {
      const values = new Map(
        (await openSecrets(repositories, keyring, secrets)).map(({ secretId, value }) => [secretId, value]),
      );
      const filled = fillSecrets(text, (name) => values.get(known.get(name) ?? 0) ?? '');
      if (!force) demandSyntax(version.name, filled, true);
    }
    files.push({ instanceId: version.instanceId, ref: refOf(version, secrets) });
  }
  if (missing.size > 0) {
    throw new SgridError(
      'not_found',
      said`there is no secret ${[...missing].join(', ')}, which files ask for`,
      {
        hint: said`set it with "sgrid config secret set", or take it out of the files`,
      },
    );
  }
  return files;
}

function refOf(version: ConfigVersion, secrets: ConfigFileRef['secrets']): ConfigFileRef {
  const { name, versionId, sha256, sizeBytes } = version;
  return { name, versionId, sha256, sizeBytes, secrets };
}

/** What one instance gets: the service's files, its own in their place. @throws SgridError `too_large` */
export function filesFor(files: readonly PublishableFile[], instanceId: number | null): ConfigFileRef[] {
  const byName = new Map<string, ConfigFileRef>();
  for (const { instanceId: whose, ref } of files) if (whose === null) byName.set(ref.name, ref);
  for (const { instanceId: whose, ref } of files)
    if (whose !== null && whose === instanceId) byName.set(ref.name, ref);
  const chosen = [...byName.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  const sizeBytes = chosen.reduce((sum, ref) => sum + ref.sizeBytes, 0);
  if (chosen.length > MAX_CONFIG_FILES || sizeBytes > MAX_CONFIG_BYTES) {
    throw new SgridError(
      'too_large',
      said`${chosen.length} files of ${sizeBytes} bytes: an instance takes ${MAX_CONFIG_FILES} files of ${MAX_CONFIG_BYTES} bytes together`,
      { hint: said`put what is large into the package` },
    );
  }
  demandNoFileAsDirectory(chosen);
  return chosen;
}

function demandNoFileAsDirectory(chosen: readonly ConfigFileRef[]): void {
  const names = new Set(chosen.map(({ name }) => name));
  const both = chosen.find(({ name }) => name.includes('/') && names.has(name.slice(0, name.indexOf('/'))));
  if (both === undefined) return;
  throw new SgridError(
    'conflict',
    said`${both.name.slice(0, both.name.indexOf('/'))} is a file and a directory`,
    {
      hint: said`remove it, or ${both.name}`,
    },
  );
}

/**
 * What a publication does to one instance. One that has these files already only gets the revision: there is nothing new that
 * its program could read.
 */
export function planFor(
  { record, status }: InstanceEntry,
  revision: number,
  files: ConfigFileRef[],
  action: ConfigAction,
): { effect: ConfigEffect; change: Pick<InstanceChange, 'config' | 'nextConfig'> } {
  const { config, nextConfig, desired, release } = record;
  // What has not arrived yet may still have a signal before it.
  const hasArrived = config === null || status?.configRevision === config.revision;
  const isSame = hasArrived && JSON.stringify(config?.files ?? []) === JSON.stringify(files);
  const isRunning = desired === 'running' && release !== null;
  const done: ConfigAction = isSame || !isRunning ? { kind: 'nothing' } : action;
  const ref: ConfigRef = { revision, action: done, files };
  if (done.kind === 'restart') return { effect: 'restart', change: { nextConfig: ref } };
  const change = { config: ref, ...(nextConfig === null ? {} : { nextConfig: null }) };
  if (isSame) return { effect: 'unchanged', change };
  return { effect: done.kind === 'signal' ? 'signal' : 'live', change };
}
