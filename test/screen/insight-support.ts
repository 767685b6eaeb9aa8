import type { FigureSpan, FiguresOverTime } from '../../common/domain/history.ts';

/** An answer of the master about so many points of ten seconds up to `to`; what is not said is not known. */
export function figuresOverTime(
  to: number,
  points: number,
  said: Partial<Record<keyof FiguresOverTime['metrics'], (point: number) => FigureSpan | null>>,
): FiguresOverTime {
  const series = (of: ((point: number) => FigureSpan | null) | undefined): (FigureSpan | null)[] =>
    Array.from({ length: points }, (_, point) => of?.(point) ?? null);
  const stepMs = 10_000;
  return {
    from: to - points * stepMs,
    stepMs,
    metrics: {
      cpuMillicores: series(said.cpuMillicores),
      memoryBytes: series(said.memoryBytes),
      throttledPermille: series(said.throttledPermille),
      cpuPressurePermille: series(said.cpuPressurePermille),
      memoryPressurePermille: series(said.memoryPressurePermille),
      ioPressurePermille: series(said.ioPressurePermille),
      loadHundredths: series(said.loadHundredths),
    },
    problem: '',
  };
}
