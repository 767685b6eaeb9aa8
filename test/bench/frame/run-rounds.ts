import type { Rounds, Sample } from './bench.ts';

/** Of ours and of each peer by name, one after another in the order of the rounds. */
export interface Samples {
  readonly ours: Sample[];
  readonly peers: Record<string, Sample<string, 'peer'>[]>;
}

/**
 * Warms up, then measures in turn, every other round in the other direction, so that nobody always follows the same one.
 *
 * @throws what a round throws, with its name
 */
export async function runRounds(
  { ours, peers }: Rounds,
  counts: { warmUps: number; rounds: number },
  say: (text: string) => void,
): Promise<Samples> {
  const samples: Samples = { ours: [], peers: {} };
  const turns = [
    { name: 'ours', run: ours, kept: samples.ours },
    ...Object.entries(peers).map(([name, run]) => {
      const kept: Sample<string, 'peer'>[] = [];
      samples.peers[name] = kept;
      return { name, run, kept };
    }),
  ];
  for (let round = -counts.warmUps; round < counts.rounds; round += 1) {
    const order = round % 2 === 0 ? turns : turns.toReversed();
    for (const { name, run, kept } of order) {
      const sample = await run().catch((error: unknown) => {
        throw new Error(`${name}, round ${round + 1}: ${error instanceof Error ? error.message : error}`, {
          cause: error,
        });
      });
      if (round >= 0) (kept as Sample<string, 'peer'>[]).push(sample);
      else if (kept === samples.ours && (sample.lost ?? 0) > 0)
        throw new Error(`lost ${sample.lost} while warming up`);
      else if (sample.wrong !== undefined) throw new Error(`${name}, warming up: ${sample.wrong}`);
      say(`${round < 0 ? 'warm-up' : `round ${round + 1}`}  ${name}  ${describeSample(sample)}`);
    }
  }
  return samples;
}

function describeSample({ values, lost = 0, wrong }: Sample<string, 'peer'>): string {
  const parts = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name} ${Number(value.toPrecision(4))}`],
  );
  if (lost > 0) parts.push(`lost ${lost}`);
  if (wrong !== undefined) parts.push(`WRONG: ${wrong}`);
  return parts.join(', ');
}
