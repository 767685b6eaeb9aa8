import type { DrainStep } from '../../common/domain/node.ts';
import { reasonOf } from '../../common/domain/said.ts';
import { nodeWords } from '../format/fleet-words.ts';
import { plainText } from '../format/plain-text.ts';
import { fitText } from '../format/width.ts';
import type { Word } from '../language/translate.ts';
import type { Change } from '../store/change.ts';
import type { CockpitState } from '../store/state.ts';
import { textLine } from './dialog.ts';
import type { Line, Tone } from './line.ts';

const NAME_WIDTH = 24;
const WORDS: Readonly<Record<DrainStep['action'], Word>> = { move: 'move', stop: 'stop', leave: 'stays' };
const TONES: Readonly<Record<DrainStep['action'], Tone>> = { move: 'ok', stop: 'bad', leave: 'warn' };

/** What becomes of each instance of a node that is drained, and what is left of each service. */
export function drainLines({ fleet, t }: CockpitState, { plan }: Change & { kind: 'drain' }): Line[] {
  const words = (step: DrainStep): string => {
    const { action, to, reason } = step;
    const why = reason === '' ? '' : t(': ') + plainText(t.told(reasonOf(step)));
    if (action !== 'move' || to === null) return t(WORDS[action]) + why;
    return t('move to {place}', {
      place: `${nodeWords(fleet.nodes.get(to.nodeId), to.nodeId)}:${to.port}`,
    });
  };
  const left = plan.instances.filter(({ action }) => action === 'leave').length;
  return [
    textLine(t('It is cordoned first. A new one is up before the old one is stopped and removed.')),
    ...plan.instances.map(
      (step): Line => ({
        segments: [
          { text: ` ${fitText(`${step.serviceName}:${step.port}`, NAME_WIDTH)} `, tone: 'strong' },
          { text: words(step), tone: TONES[step.action] },
        ],
      }),
    ),
    ...plan.services.map(({ serviceName, stopped, remaining }) =>
      textLine(
        t('Of {serviceName} {stopped} are stopped, {remaining} remain elsewhere.', {
          serviceName,
          stopped,
          remaining,
        }),
        remaining === 0 ? 'bad' : 'plain',
      ),
    ),
    ...(left === 0 ? [] : [textLine(t('{left} are left as they are; the plan says why.', { left }), 'warn')]),
  ];
}
