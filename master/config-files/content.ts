import type { ConfigContent, ConfigFileRef } from '../../common/domain/config-file.ts';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import type { FleetModel } from '../fleet/fleet-model.ts';
import type { Repositories } from '../store/open-store.ts';
import type { Keyring } from './keyring.ts';

/** What a secret is sealed for: the same bytes are of no use as another one's. */
export function secretContext({ serviceId, name }: { serviceId: number; name: string }): string {
  return `${serviceId}/${name}`;
}

/** The values of the secrets of a file. @throws SgridError `not_found`; `conflict` naming the key that is missing */
export async function openSecrets(
  { secrets: repository }: Pick<Repositories, 'secrets'>,
  keyring: Keyring,
  secrets: ConfigFileRef['secrets'],
): Promise<ConfigContent['secrets']> {
  const opened: ConfigContent['secrets'] = [];
  for (const { name, secretId } of secrets) {
    const kept = await repository.byId(secretId);
    if (kept === null) throw new SgridError('not_found', said`secret "${name}" is no longer there`);
    opened.push({ secretId, value: openSecret(keyring, kept) });
  }
  return opened;
}

function openSecret(
  keyring: Keyring,
  kept: { serviceId: number; name: string; keyId: string; sealed: string },
): string {
  try {
    return keyring.open(kept, secretContext(kept));
  } catch (cause) {
    if (!(cause instanceof SgridError)) throw cause;
    const { code, message, hint, said: facts, saidHint } = cause;
    throw new SgridError(code, said`secret "${kept.name}" cannot be read: ${facts ?? message}`, {
      hint: saidHint ?? hint,
      cause,
    });
  }
}

/**
 * The content of a file for the node of its instance.
 *
 * @throws SgridError `not_found` for a file that is not (any more) published to an instance on this node.
 */
export async function contentForAgent(
  deps: {
    store: Pick<Repositories, 'configs' | 'secrets'>;
    fleet: Pick<FleetModel, 'instance'>;
    keyring: Keyring;
  },
  nodeId: number,
  { instanceId, versionId }: { instanceId: number; versionId: number },
): Promise<ConfigContent> {
  const record = deps.fleet.instance(instanceId)?.record;
  const file = record?.config?.files.find((each) => each.versionId === versionId);
  const text = file === undefined ? null : await deps.store.configs.content(versionId);
  if (record?.nodeId !== nodeId || file === undefined || text === null) {
    throw new SgridError(
      'not_found',
      said`config file ${versionId} is not published to instance ${instanceId}`,
      {
        hint: said`it was overtaken by a newer one, which is on its way`,
      },
    );
  }
  return { text, secrets: await openSecrets(deps.store, deps.keyring, file.secrets) };
}
