import { expect, test } from 'vitest';
import { callChange } from '../../../cockpit/client/change.ts';
import type { MasterClient } from '../../../cockpit/client/master-client.ts';
import { howLost } from '../../../cockpit/format/no-answer.ts';
import { loadTranslate } from '../../../cockpit/language/translate.ts';
import { said } from '../../../common/domain/said.ts';
import { SgridError, toWireError } from '../../../common/protocol/errors.ts';

test('how the answer to a change was lost is said in Chinese', async () => {
  const client: Pick<MasterClient, 'link' | 'call'> = {
    link: () => ({ state: 'up', actor: 'ops', role: 'operator', masterVersion: '0', latencyMs: 1 }),
    call: async () => {
      throw new SgridError(
        'disconnected',
        said`the link to ${'http://m'} was lost: ${said`it has not answered for ${10} s`}`,
      );
    },
  };
  const sent = callChange(client as MasterClient, 'instance.stop', { instanceIds: [1] });
  const error = toWireError(await sent.catch((reason: unknown) => reason));
  expect(error.code).toBe('timeout');
  const { told } = await loadTranslate('zh-CN');
  expect(told(howLost(error))).toBe('到 http://m 的连接中断：10 秒没有答复');
});
