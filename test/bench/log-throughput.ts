import { type BenchContext, defineBench } from './frame/bench.ts';
import { cameOrSilent, follow } from './rig/follower.ts';
import { checkLines } from './rig/numbered-lines.ts';
import { type Speaker, startOurSpeaker, startPlainSpeaker, startPm2Speaker } from './rig/speakers.ts';

const BUFFER_BYTES = 65_536;

export const bench = defineBench({
  what: 'a service bursts 200,000 numbered lines of 110 bytes; from the command to burst until the last line is out of `sgrid logs -f`, through agent and master',
  figures: {
    'a write a line': {
      ...{ unit: 'lines/s', better: 'higher' },
      targets: [
        { times: 0.7, peer: 'tail -F' },
        { times: 2, peer: 'pm2 logs' },
      ],
      guard: { times: 0.25, peer: 'tail -F' },
    },
    // Where the program is no longer what takes the time.
    '64 KiB a write': {
      ...{ unit: 'lines/s', better: 'higher', targets: [] },
      // Usually 0.12 to 0.19.
      guard: { times: 0.04, peer: 'tail -F' },
    },
  },
  peers: ['tail -F', 'pm2 logs'],
  async open(context) {
    const lines = context.option('lines', { full: 200_000, quick: 200_000 });
    let round = 0;
    const burst = (speaker: Speaker, bytes: number): Promise<Burst> => {
      round += 1;
      return measureBurst(context, speaker, { round, lines, bytes });
    };
    const turn = async (speaker: Speaker) => {
      const [single, buffered] = [await burst(speaker, 1), await burst(speaker, BUFFER_BYTES)];
      return {
        values: { 'a write a line': single.rate, '64 KiB a write': buffered.rate },
        lost: single.lost + buffered.lost,
        odd: single.odd ?? buffered.odd,
        gone: single.gone ?? buffered.gone,
      };
    };
    const turnOfPeer = async (speaker: Speaker) => {
      const { gone, odd: _, ...sample } = await turn(speaker);
      return { ...sample, ...(gone !== null && { wrong: gone }) };
    };
    const ourSpeaker = await startOurSpeaker(context);
    const tail = await startPlainSpeaker(context);
    const pm2 = await startPm2Speaker(context);
    return {
      ours: async () => {
        const { odd, gone, ...sample } = await turn(ourSpeaker);
        const wrong = gone ?? odd;
        return { ...sample, ...(wrong !== null && { wrong }) };
      },
      // Theirs may lose and tear lines, which is told; what has ended has not been measured.
      peers: { 'tail -F': () => turnOfPeer(tail), 'pm2 logs': () => turnOfPeer(pm2) },
    };
  },
});

interface Burst {
  /** Lines that came, a second. */
  readonly rate: number;
  readonly lost: number;
  readonly odd: string | null;
  /** How its follower ended, which it should not. */
  readonly gone: string | null;
}

async function measureBurst(
  context: BenchContext,
  speaker: Speaker,
  { round, lines, bytes }: { round: number; lines: number; bytes: number },
): Promise<Burst> {
  const follower = await follow(speaker, context);
  const chunks: Buffer[] = [];
  let lastAt = 0;
  let received = 0;
  const last = Buffer.from(`${round} ${String(lines).padStart(9, '0')} `);
  let end = Buffer.alloc(0);
  const { promise: lastCame, resolve } = Promise.withResolvers<void>();
  follower.onChunk((chunk) => {
    chunks.push(chunk);
    lastAt = performance.now();
    received += chunk.length;
    // The line may lie in two chunks.
    end = Buffer.concat([end, chunk.subarray(-200)]).subarray(-200);
    if (end.includes(last) && end.at(-1) === 0x0a) resolve();
  });
  const beganAt = performance.now();
  const said = speaker.tell(`burst ${round} ${lines} ${bytes}`);
  await cameOrSilent(lastCame, { said, follower, read: () => received, silentMs: speaker.silentMs });
  const trouble = follower.trouble();
  const gone = follower.hasEnded() ? `its follower ${trouble}` : null;
  const tookMs = lastAt - beganAt;
  await follower.end();
  const { lost, odd } = checkLines(Buffer.concat(chunks), round, lines);
  const told = lost > 0 && trouble !== '' ? `its follower ${trouble}` : null;
  return { rate: ((lines - lost) / tookMs) * 1000, lost, odd: odd ?? told, gone };
}
