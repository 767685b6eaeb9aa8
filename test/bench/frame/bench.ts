/**
 * What every bench says of itself. A file `test/bench/NAME.ts` exports one as `bench`; `npm run bench -- NAME` finds it by
 * its file name.
 */
export interface Bench<Figure extends string = string, Peer extends string = string> {
  /** What is measured, from which moment to which, in one sentence. */
  readonly what: string;
  /** The first is the one that the bench stands for. */
  readonly figures: Readonly<Record<Figure, FigureDefinition<Peer>>>;
  /** Those that it is measured against in the same run, in their order. */
  readonly peers: readonly Peer[];
  /** Rounds that count; five when absent, and never fewer in a full run. */
  readonly rounds?: { readonly full: number; readonly quick: number };
  /** Rounds before those, one when absent. */
  readonly warmUps?: number;
  /** Brings up what is measured. What has to be ended is handed to `context.onEnd` at the moment when it exists. */
  open(context: BenchContext): Promise<Rounds<Figure, Peer>>;
}

export interface FigureDefinition<Peer extends string = string> {
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** Of the rounds, the median when absent; the worst is for what adds up over them. */
  readonly summary?: 'worst';
  /** All of them are to be reached. None: it is only reported. */
  readonly targets: readonly Target<Peer>[];
  /**
   * What `--guard` holds it to, in CI: a multiple of a peer's value, so far from what is usual that a busy machine does not
   * reach it.
   */
  readonly guard?: { readonly times: number; readonly peer: Peer };
}

/** At least that much where higher is better, else at most: as a value, or as a multiple of a peer's value. */
export type Target<Peer extends string = string> =
  | { readonly value: number }
  | { readonly times: number; readonly peer: Peer };

/** One round each of ours and of every peer's; they are called in turn. One that throws ends the bench as failed. */
export interface Rounds<Figure extends string = string, Peer extends string = string> {
  readonly ours: () => Promise<Sample<Figure>>;
  readonly peers: Readonly<Record<Peer, () => Promise<Sample<Figure, 'peer'>>>>;
}

/**
 * What one round gave. A peer may lack figures that make no sense for it; one of ours that no round has taken is left out,
 * unless it is to reach something.
 */
export interface Sample<Figure extends string = string, Who extends 'ours' | 'peer' = 'ours'> {
  readonly values: Who extends 'ours'
    ? Readonly<Record<Figure, number | undefined>>
    : Readonly<Partial<Record<Figure, number>>>;
  /** Lines, bytes, requests … that should have come and did not. Of ours, one makes the bench fail; a peer's are reported. */
  readonly lost?: number;
  /** Why the result is not what it should be, for people. Makes the bench fail, whoever's it is: nothing was measured then. */
  readonly wrong?: string;
}

/** What a bench is given. */
export interface BenchContext {
  /** Under 50 s in all, on two cores. */
  readonly quick: boolean;
  /** Fresh, its own, removed at the end. */
  readonly directory: string;
  /** The start file of a built product, in a copy that no build changes meanwhile: `sgrid`, `sgridnext`, `sgridnode`. */
  bin(name: string): string;
  /** A number that `--set name=number` changes. */
  option(name: string, defaults: { readonly full: number; readonly quick: number }): number;
  /** Has something done at the end, also of a bench that failed or was interrupted: the latest first. */
  onEnd(step: () => unknown): void;
  /** Progress, for whoever waits. */
  say(text: string): void;
}

/** For its types only: figures and peers can be named nowhere but in the definition. */
export function defineBench<const Figure extends string, const Peer extends string>(
  bench: Bench<Figure, Peer>,
): Bench<Figure, Peer> {
  return bench;
}
