import { expect, test } from 'vitest';
import { english, loadTranslate } from '../../../cockpit/language/translate.ts';
import { activityOf } from '../../../cockpit/view-model/activity.ts';
import { placeWords } from '../../../cockpit/view-model/place.ts';
import { activitySchema } from '../../../common/domain/presence.ts';
import { Session } from './support.ts';

const zhCn = await loadTranslate('zh-CN');

test.each([
  [':nodes\r', 'nodes', '节点'],
  [':inst node:1\r', 'instances', '实例'],
  [':nodes\r\r', 'alpha', 'alpha'],
  [':inst web\rjd', 'describe web:8101', 'web:8101 详情'],
  [':inst web\rjl', 'log of web:8101', 'web:8101 的日志'],
  [':pulse\r', 'pulse', zhCn('pulse')],
])(
  'after %j the others are told a place without words, which each says in its own language',
  (keys, en, zh) => {
    const session = Session.ready();
    session.state = { ...session.state, t: zhCn };
    const activity = activityOf(session.keys(...keys).state);
    expect(JSON.stringify(activity)).not.toMatch(/\p{Script=Han}/u);
    expect(activitySchema.parse(activity)).toEqual(activity);
    expect([placeWords(english, activity), placeWords(zhCn, activity)]).toEqual([en, zh]);
  },
);

test('what is asked and what is under way is told in English, whatever the language here', () => {
  const session = Session.ready();
  session.state = { ...session.state, t: zhCn };
  session.keys(...':inst web\r', 'j', 'ctrl-d');
  expect(activityOf(session.state).doing).toBe('about to stop 1 instance');
  session.keys('y');
  expect(activityOf(session.state).doing).toMatch(/^Stopping web@\w+:\d+$/);
  session.state = { ...session.state, jobs: [] };
  session.keys('m', 'enter', 'y');
  expect(activityOf(session.state).doing).toMatch(/^Limiting web@\w+:\d+$/);
});

test('the screen of a newer cockpit is shown as it came', () => {
  expect(placeWords(english, { screen: 'maps', about: [] })).toBe('maps');
});
