import { resolve } from 'node:path';
import { said } from '../../common/domain/said.ts';
import { SgridError } from '../../common/protocol/errors.ts';
import { readFileIfThere } from '../../common/system/atomic-file.ts';
import type { Webhook, WebhookConfig } from './webhook.ts';

/** @throws SgridError naming the file of a secret that is not there or empty, or a name that stands twice */
export function readWebhooks(configs: readonly WebhookConfig[]): Webhook[] {
  const names = new Set<string>();
  return configs.map(({ secretFile, ...webhook }) => {
    if (names.has(webhook.name))
      throw new SgridError('bad_request', said`config webhooks: "${webhook.name}" stands twice`);
    names.add(webhook.name);
    const file = resolve(secretFile);
    const secret = readFileIfThere(file)?.trim() ?? '';
    if (secret !== '') return { ...webhook, secret };
    throw new SgridError('not_found', said`webhook ${webhook.name}: ${file} holds no secret`, {
      hint: said`make one: openssl rand -hex 32 > ${file}; chmod 600 ${file}`,
    });
  });
}
