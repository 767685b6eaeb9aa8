/** One thing that is judged: how much of it was looked at, and what of that is not as it should be. */
export interface Verdict {
  readonly name: string;
  readonly checked: number;
  /** A line each: what was expected and what was seen. */
  readonly wrong: readonly string[];
}

/** Collects a verdict. */
export interface Judge {
  check(isRight: boolean, complaint: () => string): void;
  /** Counts what needs no complaint. */
  pass(count: number): void;
  verdict(): Verdict;
}

export function createJudge(name: string): Judge {
  const wrong: string[] = [];
  let checked = 0;
  return {
    check(isRight, complaint) {
      checked += 1;
      if (!isRight) wrong.push(complaint());
    },
    pass(count) {
      checked += count;
    },
    verdict: () => ({ name, checked, wrong }),
  };
}
