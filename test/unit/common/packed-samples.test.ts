import { expect, test } from 'vitest';
import * as z from 'zod';
import { nodeSampleSchema } from '../../../common/domain/fleet.ts';
import { packedSamplesSchema, packSamples, unpackSamples } from '../../../common/protocol/packed-samples.ts';
import { nodeFigures } from '../../support/figures.ts';
import { createRandom } from '../../support/random.ts';
import { randomSample } from '../../support/random-samples.ts';

const disk = (mountPoint: string) => ({ mountPoint, usedBytes: 1, totalBytes: 2 });

/** Bytes of a sample that its schema may not take. */
const packedWith = (said: Parameters<typeof nodeFigures>[0]): Uint8Array =>
  packSamples([{ nodeId: 1, ageMs: 0, node: nodeFigures(said), instances: [] }]);

test('samples come out as they were', () => {
  const random = createRandom(7);
  const samples = Array.from({ length: 300 }, () => randomSample(random));
  expect(z.array(nodeSampleSchema).parse(samples)).toEqual(samples);
  expect(unpackSamples(packSamples(samples))).toEqual(samples);
  expect(unpackSamples(packSamples([]))).toEqual([]);
});

test('also from the middle of other bytes, as they come off a socket', () => {
  const samples = [randomSample(createRandom(3))];
  const packed = packSamples(samples);
  const around = new Uint8Array(packed.length + 7);
  around.set(packed, 3);
  expect(packedSamplesSchema.parse(around.subarray(3, 3 + packed.length))).toEqual(samples);
});

test('a node with 20 instances takes less than 400 bytes', () => {
  const mib = 1024 ** 2;
  const instances = Array.from({ length: 20 }, (_, at) => [
    20_000 + at,
    850,
    300 * mib,
    12,
    0,
    0,
    3,
    0,
    0,
  ]).flat();
  expect(packSamples([{ nodeId: 999, ageMs: 500, node: nodeFigures(), instances }]).length).toBeLessThan(400);
});

test('whatever the bytes are, what comes out is what the schema takes, or nothing', () => {
  const random = createRandom(11);
  let taken = 0;
  for (let round = 0; round < 800; round += 1) {
    const bytes = Uint8Array.from(packSamples([randomSample(random), randomSample(random)]));
    for (let changes = 1 + random.below(3); changes > 0; changes -= 1)
      bytes[random.below(bytes.length)] = random.below(256);
    const cut = random.below(10) < 3 ? bytes.subarray(0, random.below(bytes.length)) : bytes;
    const result = packedSamplesSchema.safeParse(cut);
    if (!result.success) continue;
    taken += 1;
    expect(z.array(nodeSampleSchema).safeParse(result.data).error).toBeUndefined();
  }
  expect(taken).toBeGreaterThan(80);
  expect(taken).toBeLessThan(780);
});

test.each([
  ['cut off', packSamples([randomSample(createRandom(1))]).subarray(0, -1), 'end too soon'],
  ['a number without an end', new Uint8Array(20).fill(255), 'too large'],
  ['node 0', Uint8Array.from([0, 0]), 'node 0'],
  ['a load that is no number', packedWith({ load: [0, Number.NaN, 0] }), 'no number'],
  ['a core that is busier than it can be', packedWith({ coreMillicores: [1001] }), '1001'],
  ['a pressure above all of the time', packedWith({ pressure: { cpu: 0, memory: 1001, io: 0 } }), '1001'],
  ['a mount point that is too long', packedWith({ disks: [disk('x'.repeat(1025))] }), 'too long'],
  ['too many disks', packedWith({ disks: Array.from({ length: 17 }, () => disk('/')) }), '17'],
  [
    'text that is not UTF-8',
    packedWith({ disks: [disk('abc')] }).map((byte) => (byte === 98 ? 255 : byte)),
    '',
  ],
])('%s is refused with a reason', (_what, bytes, reason) => {
  expect(packedSamplesSchema.safeParse(bytes).error?.issues[0]?.message).toContain(reason);
});
