import type { Limits, RestartPolicy } from '../../common/domain/service.ts';

/** What kind of program a service is; the argument of services/run.sh that makes it so, and what is to be expected of it. */
export interface Shape {
  readonly name: string;
  readonly args: readonly string[];
  readonly count: number;
  readonly restart: Partial<RestartPolicy>;
  readonly graceMs: number;
  readonly limits: Limits;
  /** Goes on until somebody ends it. The others end by themselves. */
  readonly lasts: boolean;
  /** SIGTERM is ignored. */
  readonly isDeaf: boolean;
  /** Is left in `crash-loop` in the end. */
  readonly loops: boolean;
}

const POLITE_GRACE_MS = 8000;

function shape(name: string, count: number, args: readonly string[], more: Partial<Shape> = {}): Shape {
  return {
    name,
    args,
    count,
    restart: {},
    graceMs: POLITE_GRACE_MS,
    limits: {},
    lasts: false,
    isDeaf: false,
    loops: false,
    ...more,
  };
}

/** Deaths of these are no reason to give up. */
const PATIENT: Partial<RestartPolicy> = { stableAfterMs: 0, initialDelayMs: 300, maxDelayMs: 2000 };
const LASTING: Partial<Shape> = { lasts: true, restart: PATIENT };

/** Thirty services. `needs` says which of them cannot be run without limits that the kernel holds. */
export function shapes(hasLimits: boolean): readonly Shape[] {
  return [
    shape('steady', 5, ['steady'], LASTING),
    shape('plain', 2, ['plain'], LASTING),
    shape('deaf', 2, ['deaf'], { ...LASTING, graceMs: 1500, isDeaf: true }),
    shape('slow', 2, ['slow'], LASTING),
    shape('daemon', 2, ['daemon'], LASTING),
    shape('leaver', 1, ['leaver'], { restart: PATIENT }),
    shape('flood', 3, ['flood'], LASTING),
    shape('crash', 2, ['exit', '3', '0'], {
      restart: { initialDelayMs: 200, maxDelayMs: 2000, maxFastDeaths: 6 },
      loops: true,
    }),
    shape('clean', 1, ['exit', '0', '1'], { restart: PATIENT }),
    shape('code-42', 1, ['exit', '42', '1'], { restart: PATIENT }),
    // The same numbers that a shell gives to SIGKILL and SIGTERM.
    shape('code-137', 1, ['exit', '137', '1'], { restart: PATIENT }),
    shape('code-143', 1, ['exit', '143', '2'], { restart: { ...PATIENT, mode: 'on-failure' } }),
    shape('segv', 1, ['signal', 'SEGV'], { restart: PATIENT }),
    shape('kill', 1, ['signal', 'KILL'], { restart: { ...PATIENT, mode: 'on-failure' } }),
    shape('once', 1, ['exit', '7', '2'], { restart: { mode: 'never' } }),
    shape('well', 1, ['exit', '0', '2'], { restart: { mode: 'on-failure' } }),
    ...(hasLimits
      ? [
          shape('hog', 2, ['hog'], { restart: PATIENT, limits: { memoryMiB: 12 } }),
          shape('bomb', 1, ['bomb'], { ...LASTING, limits: { pids: 24, cpuCores: 0.2 } }),
        ]
      : [shape('more', 3, ['steady'], LASTING)]),
  ];
}

/** Whether a run that ended like this by itself is followed by another. */
export function restartsAfter({ restart }: Shape, failed: boolean): boolean {
  const mode = restart.mode ?? 'always';
  return mode === 'always' || (mode === 'on-failure' && failed);
}
