import type { ConfigFileRef, ConfigRef } from '../../common/domain/config-file.ts';
import type { Assignment } from '../../common/domain/instance.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { Relay } from '../relay.ts';
import type { Repositories } from '../store/open-store.ts';

/** Of each file, as for any other version. */
const KEPT_VERSIONS = 100;

/** What a node could tell of the files of an instance: its text by name; those that it could not are left out. */
export type HeldTexts = ReadonlyMap<string, string>;

/** Asks a node for the files that it holds, one after another: each may have a whole mebibyte. */
export async function readHeldTexts(
  relay: Relay,
  nodeId: number,
  { instanceId, config }: Assignment,
): Promise<HeldTexts> {
  const texts = new Map<string, string>();
  for (const { name, secrets } of config?.files ?? []) {
    if (secrets.length > 0) continue;
    try {
      texts.set(name, (await relay.call(nodeId, 'config.read', { instanceId, name })).text);
    } catch (error) {
      // What is not to be had is told as such; a node that goes away ends the whole.
      if (!(error instanceof SgridError) || !['not_found', 'unsupported'].includes(error.code)) throw error;
    }
  }
  return texts;
}

/**
 * Takes up the files that an instance has, in the transaction of its take-over: versions that are here already by their
 * content, others with the text that its node told. Numbers that nodes know are not given out again.
 *
 * @param isTrusted else the node is believed about this instance alone, and nothing becomes another's.
 * @returns the files under the numbers of this database, null where not all are known here; and the names of those
 */
export async function recoverConfig(
  { configs, secrets }: Repositories,
  serviceId: number,
  { instanceId, config }: Assignment,
  texts: HeldTexts,
  now: number,
  isTrusted: boolean,
): Promise<{ config: ConfigRef | null; lost: string[] }> {
  if (config === undefined) return { config: null, lost: [] };
  await configs.reserve(config.revision);
  const known = new Map((await secrets.newest(serviceId)).map(({ name, secretId }) => [name, secretId]));
  const files: ConfigFileRef[] = [];
  const lost: string[] = [];
  for (const file of config.files) {
    const versionId = await versionOf(file);
    const own = file.secrets.flatMap(({ name }) => {
      const secretId = known.get(name);
      return secretId === undefined ? [] : [{ name, secretId }];
    });
    if (versionId === null || own.length < file.secrets.length) lost.push(file.name);
    else files.push({ ...file, versionId, secrets: own });
  }
  if (lost.length > 0) return { config: null, lost };
  // Its node has them under this number, and has done what was to follow: nothing is written again.
  const ref: ConfigRef = { revision: config.revision, action: { kind: 'nothing' }, files };
  if (isTrusted) await keepPublication(files);
  return { config: ref, lost };

  /** What a later instance begins with: the service's own files. */
  async function keepPublication(all: readonly ConfigFileRef[]): Promise<void> {
    if (config === undefined || (await configs.lastPublication(serviceId, 'whole')) !== null) return;
    const newest = await configs.newest(serviceId);
    const ofService = new Set(newest.flatMap((each) => (each.instanceId === null ? each.versionId : [])));
    const base = all.filter(({ versionId }) => ofService.has(versionId));
    await configs.restore({ revision: config.revision, serviceId, files: base, at: now });
  }

  async function versionOf({ name, sha256 }: ConfigFileRef): Promise<number | null> {
    for (const scope of [instanceId, null]) {
      const versions = await configs.versions({ serviceId, instanceId: scope, name });
      const same = versions.find((version) => version.sha256 === sha256 && !version.isRemoval);
      if (same !== undefined) return same.versionId;
    }
    const content = texts.get(name);
    if (content === undefined) return null;
    const ofService = await configs.versions({ serviceId, instanceId: null, name });
    // Where the service has another one, this was of the instance alone.
    const scope = isTrusted && ofService.length === 0 ? null : instanceId;
    const key = { serviceId, instanceId: scope, name };
    const origin = { content, actor: 'agent', message: 'taken over from a node' };
    return (await configs.add({ ...key, ...origin }, KEPT_VERSIONS, now)).versionId;
  }
}
