import { basename } from 'node:path';
import { messageOf } from '../../common/domain/said.ts';
import { toWireError } from '../../common/protocol/errors.ts';
import type { Word } from '../language/translate.ts';
import type { ComparedText, ConfigCentreAction, ConfigEffect } from '../store/config-action.ts';
import type { ConfigFileKey, NewVersion, ServiceConfig } from '../store/config-state.ts';
import { callChange } from './change.ts';
import type { MasterClient } from './master-client.ts';

/** How many services are asked about at the same time. */
const AT_ONCE = 8;

/** Runs what the config centre asks for; what becomes of it is dispatched. */
export function createConfigRunner({
  client,
  dispatch,
  edit,
}: {
  client: MasterClient;
  dispatch: (action: ConfigCentreAction) => void;
  /** The user's editor on a text. @throws SgridError when nothing is to be changed */
  edit: (text: string, name: string) => Promise<string>;
}): (effect: ConfigEffect) => void {
  const run = async (effect: ConfigEffect): Promise<void> => {
    switch (effect.type) {
      case 'load-config': {
        const names =
          effect.serviceNames ?? (await client.call('service.list', {})).services.map(({ name }) => name);
        const services = await readServices(client, names);
        return dispatch({ type: 'config-listed', services, isWhole: effect.serviceNames === null });
      }
      case 'load-config-versions': {
        const { file } = effect;
        const { versions } = await client.call('config.versions', keyOf(file));
        return dispatch({ type: 'config-versions', file, versions });
      }
      case 'load-config-text': {
        const { file, version, versionId } = effect;
        return dispatch({ type: 'config-text', versionId, text: await readText(client, file, version) });
      }
      case 'compare-config': {
        const { file, from, to, save } = effect;
        const [older, newer] = await Promise.all([textOf(client, file, from), textOf(client, file, to)]);
        return dispatch({ type: 'config-compared', file, from: older, to: newer, save });
      }
      case 'edit-config': {
        const { file, draft } = effect;
        const base = await newest(client, file);
        const before = draft ?? base.text;
        const text = await edit(before, basename(file.name));
        return dispatch({ type: 'config-edited', file, base, before, text });
      }
      case 'save-config':
        return save(effect);
      case 'set-secret':
        return setSecret(effect);
      case 'plan-config': {
        const { request } = effect;
        const { serviceName, action, message } = request;
        const { instances } = await client.call('config.publish', {
          ...{ serviceName, action, message, dryRun: true },
          ...(request.instanceIds === null ? {} : { instanceIds: [...request.instanceIds] }),
        });
        return dispatch({ type: 'config-planned', request, effects: instances });
      }
    }
  };

  const save = async ({ file, what, message, publish }: ConfigEffect & { type: 'save-config' }) => {
    try {
      const { file: version, isChanged } = await saveVersion(client, file, what, message);
      dispatch({ type: 'config-saved', version, isChanged, publish });
    } catch (error) {
      dispatch({ type: 'config-not-saved', file, error: toWireError(error) });
    }
  };

  const setSecret = async ({ serviceName, name, value }: ConfigEffect & { type: 'set-secret' }) => {
    try {
      const { secret } = await callChange(client, 'config.setSecret', { serviceName, name, value });
      dispatch({ type: 'secret-set', serviceName, secret });
    } catch (error) {
      dispatch({ type: 'secret-not-set', error: toWireError(error) });
    }
  };

  return (effect) =>
    void run(effect).catch((error: unknown) => {
      const wire = toWireError(error);
      // Of a link that is down the header tells; but an answer to a key is owed.
      if (wire.code === 'disconnected' && effect.type.startsWith('load-')) return;
      dispatch({ type: 'config-failed', what: WORDS[effect.type], error: wire });
    });
}

const WORDS: Readonly<Record<ConfigEffect['type'], Word>> = {
  'load-config': 'Could not load the config files',
  'load-config-versions': 'Could not load the versions',
  'load-config-text': 'Could not load the text',
  'compare-config': 'Could not compare',
  'edit-config': 'The editor',
  'save-config': 'Could not save',
  'set-secret': 'Setting the secret',
  'plan-config': 'It would not be published',
};

function keyOf({ serviceName, name, instanceId }: ConfigFileKey) {
  return { serviceName, name, ...(instanceId === null ? {} : { instanceId }) };
}

async function readServices(
  client: MasterClient,
  names: readonly string[],
): Promise<ReadonlyMap<string, ServiceConfig>> {
  const found = new Map<string, ServiceConfig>();
  const waiting = [...names];
  const work = async (): Promise<void> => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      const [{ files, secrets }, { publication, deliveries }] = await Promise.all([
        client.call('config.list', { serviceName: name }),
        client.call('config.status', { serviceName: name }),
      ]);
      found.set(name, { files, secrets, publication, deliveries });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function readText(client: MasterClient, file: ConfigFileKey, version: number) {
  try {
    return { text: (await client.call('config.read', { ...keyOf(file), version })).text };
  } catch (error) {
    return { problem: messageOf(toWireError(error)) };
  }
}

async function textOf(
  client: MasterClient,
  file: ConfigFileKey,
  version: number | null,
): Promise<ComparedText> {
  if (version === null) return { version: 0, text: '' };
  const { text } = await client.call('config.read', { ...keyOf(file), version });
  return { version, text };
}

/** @returns version 0 of a file that there never was; of one that was removed, the number of its removal and no text */
async function newest(client: MasterClient, file: ConfigFileKey): Promise<ComparedText> {
  const { versions } = await client.call('config.versions', keyOf(file));
  const [last] = versions;
  if (last === undefined || last.isRemoval) return { version: last?.version ?? 0, text: '' };
  return textOf(client, file, last.version);
}

async function saveVersion(client: MasterClient, file: ConfigFileKey, what: NewVersion, message: string) {
  const key = keyOf(file);
  switch (what.kind) {
    case 'text':
      return callChange(client, 'config.set', {
        ...{ ...key, message, text: what.text, baseVersion: what.baseVersion },
      });
    case 'version':
      return callChange(client, 'config.rollback', { ...key, message, version: what.version });
    case 'removal': {
      const { file: removed } = await callChange(client, 'config.remove', { ...key, message });
      return { file: removed, isChanged: true };
    }
  }
}
