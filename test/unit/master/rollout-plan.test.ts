import { expect, test } from 'vitest';
import { loadTranslate } from '../../../cockpit/language/translate.ts';
import { rolloutOptionsSchema, rolloutPlanSchema, warningsOf } from '../../../common/domain/rollout.ts';
import { planRollout } from '../../../master/control/rollout-plan.ts';

const step = {
  port: 8080,
  action: 'deploy',
  release: { releaseId: 2, version: '2.0' },
  peerId: null,
} as const;

/** Two instances, the one stopped and the other on a node that is away; both at once, rolled back if that fails. */
const plan = planRollout(
  {
    ...{
      kind: 'deploy',
      nodeId: null,
      serviceId: 1,
      serviceName: 'web',
      actor: 'ops',
      message: '',
      startedAt: 0,
    },
    options: {
      ...rolloutOptionsSchema.parse({ maxUnavailable: 2, onFailure: 'rollback' }),
      minReadyMs: 1000,
    },
    steps: [
      { ...step, instanceId: 1, nodeId: 1, previous: null, previousDesired: 'stopped' },
      { ...step, instanceId: 2, nodeId: 7, previous: null, previousDesired: 'running' },
    ],
  },
  { instance: () => null, isUp: (nodeId) => nodeId === 1, nodeName: (nodeId) => `n${nodeId}`, holder: null },
);

test('warnings of a plan are read in English, and said with their facts in Chinese', async () => {
  const arrived = rolloutPlanSchema.parse(JSON.parse(JSON.stringify(plan)));
  const steps = arrived.batches.flatMap((batch) => batch.steps);
  expect(steps.map(({ warnings }) => warnings)).toEqual([
    ['it is stopped, and will be started'],
    ['node n7 is not connected'],
  ]);
  const { told } = await loadTranslate('zh-CN');
  expect(steps.flatMap(warningsOf).map(told)).toEqual(['已停止，将被启动', '节点 n7 未连接']);
  expect(warningsOf(arrived).map(told)).toEqual([
    '2 个中有 2 个此前没有版本：回滚会停止它们',
    '可能所有实例同时停机',
  ]);
});

test('warnings whose facts cannot be read are still warnings', () => {
  const garbled = rolloutPlanSchema.parse({ ...plan, saidWarnings: [{ text: 7 }] });
  expect(warningsOf(garbled)).toEqual(plan.warnings);
});
