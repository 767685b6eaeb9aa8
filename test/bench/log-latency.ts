import { type BenchContext, defineBench } from './frame/bench.ts';
import { percentile } from './frame/statistics.ts';
import { cameOrSilent, follow } from './rig/follower.ts';
import { type Speaker, startOurSpeaker, startPlainSpeaker, startPm2Speaker } from './rig/speakers.ts';

const EVERY_MS = 50;
const NANOS_PER_MS = 1e6;

export const bench = defineBench({
  what: 'a service writes a line each 50 ms; from its write until the line is out of `sgrid logs -f`, through agent and master',
  figures: {
    p50: { unit: 'ms', better: 'lower', targets: [{ value: 2.5 }] },
    p99: { unit: 'ms', better: 'lower', targets: [{ value: 8 }] },
  },
  peers: ['tail -F', 'pm2 logs'],
  async open(context) {
    const lines = Math.round((context.option('seconds', { full: 20, quick: 1.5 }) * 1000) / EVERY_MS);
    const ours = await startOurSpeaker(context);
    const tail = await startPlainSpeaker(context);
    const pm2 = await startPm2Speaker(context);
    const turn = (speaker: Speaker) => () => measureTicks(context, speaker, lines);
    return { ours: turn(ours), peers: { 'tail -F': turn(tail), 'pm2 logs': turn(pm2) } };
  },
});

async function measureTicks(context: BenchContext, speaker: Speaker, lines: number) {
  const follower = await follow(speaker, context);
  const delaysMs: number[] = [];
  let text = '';
  let chunks = 0;
  const { promise: allCame, resolve } = Promise.withResolvers<void>();
  follower.onChunk((chunk) => {
    const now = process.hrtime.bigint();
    chunks += 1;
    text += chunk;
    // What is no whole line yet stays.
    const end = text.lastIndexOf('\n') + 1;
    for (const [, nanos = ''] of text.slice(0, end).matchAll(/\btick (\d+)$/gm))
      delaysMs.push(Number(now - BigInt(nanos)) / NANOS_PER_MS);
    text = text.slice(end);
    if (delaysMs.length >= lines) resolve();
  });
  const said = speaker.tell(`tick ${EVERY_MS} ${lines}`);
  await cameOrSilent(allCame, { said, follower, read: () => chunks, silentMs: speaker.silentMs });
  const trouble = follower.trouble();
  const isGone = follower.hasEnded();
  await follower.end();
  const values = { p50: percentile(delaysMs, 0.5), p99: percentile(delaysMs, 0.99) };
  const came = delaysMs.length;
  return {
    values,
    lost: Math.max(0, lines - came),
    ...((isGone || (came !== lines && trouble !== '')) && { wrong: `its follower ${trouble}` }),
    ...(came > lines && { wrong: `${came} of ${lines} lines` }),
  };
}
