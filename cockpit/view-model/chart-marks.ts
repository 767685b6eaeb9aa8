import type { EventKind, SgridEvent } from '../../common/domain/event.ts';
import type { Rollout } from '../../common/domain/rollout.ts';
import type { Translate, Word } from '../language/translate.ts';
import type { ChartTarget } from '../store/chart.ts';
import { AXIS_WIDTH } from './chart.ts';
import type { Line, Tone } from './line.ts';

/** What a letter below a chart stands for; where two meet, the one further up stays. */
const MARKS = [
  { letter: 'O', tone: 'bad', meaning: 'out of memory' },
  { letter: 'D', tone: 'accent', meaning: 'deployed' },
  { letter: 'X', tone: 'bad', meaning: 'ended' },
  { letter: 'L', tone: 'accent', meaning: 'limits' },
  { letter: 'N', tone: 'warn', meaning: 'node lost or back' },
  { letter: 'S', tone: 'ok', meaning: 'started' },
] as const satisfies readonly { letter: string; tone: Tone; meaning: Word }[];
type Letter = (typeof MARKS)[number]['letter'];

const LETTERS: Readonly<Partial<Record<EventKind, Letter>>> = {
  'instance.oom': 'O',
  'instance.exited': 'X',
  'instance.failed': 'X',
  'instance.stopped': 'X',
  'instance.started': 'S',
  'instance.limited': 'L',
  'node.lost': 'N',
  'node.connected': 'N',
  'node.rebooted': 'N',
};

export interface ChartMark {
  /** Master's clock. */
  readonly at: number;
  readonly letter: Letter;
}

export function chartMarks(
  target: ChartTarget,
  events: readonly SgridEvent[],
  rollouts: readonly Rollout[],
): ChartMark[] {
  const happened = events.flatMap(({ at, kind }): ChartMark[] => {
    const letter = LETTERS[kind];
    return letter === undefined ? [] : [{ at, letter }];
  });
  const deployed = rollouts.flatMap(({ steps }) =>
    steps.flatMap(({ instanceId, appliedAt }): ChartMark[] =>
      target.kind === 'instance' && instanceId === target.id && appliedAt !== null
        ? [{ at: appliedAt, letter: 'D' }]
        : [],
    ),
  );
  return [...happened, ...deployed];
}

/** The row of marks below a chart, and what the letters in it mean. */
export function markLines(
  marks: readonly ChartMark[],
  span: { readonly from: number; readonly to: number },
  columns: number,
  t: Translate,
): { marks: Line; legend: Line } {
  const width = Math.max(1, columns - AXIS_WIDTH);
  const row = new Array<Letter | null>(width).fill(null);
  const rank = (letter: Letter | null): number =>
    letter === null ? MARKS.length : MARKS.findIndex((mark) => mark.letter === letter);
  for (const { at, letter } of marks) {
    if (at < span.from || at >= span.to) continue;
    const column = Math.floor(((at - span.from) / (span.to - span.from)) * width);
    if (rank(letter) < rank(row[column] ?? null)) row[column] = letter;
  }
  const shown = MARKS.filter(({ letter }) => row.includes(letter));
  return {
    marks: {
      segments: [
        { text: ' '.repeat(AXIS_WIDTH) },
        ...row.map((letter) => {
          const mark = MARKS.find((each) => each.letter === letter);
          return mark === undefined ? { text: ' ' } : { text: mark.letter, tone: mark.tone };
        }),
      ],
    },
    legend: {
      segments: shown.flatMap(({ letter, tone, meaning }, at) => [
        { text: at === 0 ? ' ' : '  ' },
        { text: letter, tone },
        { text: ` ${t(meaning)}`, tone: 'dim' as const },
      ]),
    },
  };
}
