import { expect, test, vi } from 'vitest';
import { nodeSnapshotSchema } from '../../../common/domain/figures.ts';
import { isNodeSnapshot } from '../../../common/domain/is-node-snapshot.ts';
import { agentLink } from '../../../common/protocol/agent-link.ts';
import { bindMessages } from '../../../common/protocol/bind.ts';
import { notice } from '../../../common/protocol/define.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { randomSample } from '../../support/random-samples.ts';

const snapshot = (random: Random) => {
  const { node, instances } = randomSample(random);
  return { at: 1_700_000_000_000, node, instances };
};

test('takes what agents send', () => {
  const random = createRandom(5);
  for (let round = 0; round < 200; round += 1) {
    const sent = snapshot(random);
    expect(nodeSnapshotSchema.parse(sent)).toEqual(sent);
    expect(isNodeSnapshot(sent)).toBe(true);
  }
});

const WRONG: readonly unknown[] = [
  ...[null, undefined, true, '1', -1, -2, 0.5, 1001, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY],
  ...[{}, [], [null], [1], ['1'], 'x'.repeat(1025)],
];

/** Every place in a value, by its path. */
function placesOf(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Object.entries(value).flatMap(([key, each]) =>
    placesOf(each, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inside];
}

function changed(
  value: unknown,
  path: readonly (string | number)[],
  change: (at: unknown) => unknown,
): unknown {
  const [first, ...rest] = path;
  if (first === undefined) return change(value);
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[first] = changed(copy[first], rest, change);
  return copy;
}

test('whatever it takes, the schema takes as it is: at every place, everything that could be wrong', () => {
  const random = createRandom(9);
  const whole = snapshot(random);
  const sent = {
    ...whole,
    node: {
      ...whole.node,
      coreMillicores: [1, 2],
      disks: [{ mountPoint: '/', usedBytes: 1, totalBytes: 2 }],
    },
    instances: whole.instances.slice(0, 18),
  };
  let refused = 0;
  const agree = (value: unknown): void => {
    const parsed = nodeSnapshotSchema.safeParse(value);
    if (!isNodeSnapshot(value)) refused += 1;
    else expect(parsed.data).toEqual(value);
    // A tenth of the time is no use when it is seldom taken: it may say no only to what the schema would change or refuse.
    if (parsed.success && JSON.stringify(parsed.data) === JSON.stringify(value))
      expect(isNodeSnapshot(value)).toBe(true);
  };
  const places = placesOf(sent);
  expect(places.length).toBeGreaterThan(40);
  for (const place of places) {
    for (const wrong of WRONG) agree(changed(sent, place, () => wrong));
    agree(
      changed(sent, place, (at) =>
        Array.isArray(at) ? [...at, 1] : typeof at === 'object' ? { ...at, x: 1 } : at,
      ),
    );
    agree(changed(sent, place, (at) => (Array.isArray(at) ? at.slice(1) : at)));
    const [key] = place.slice(-1);
    agree(
      changed(sent, place.slice(0, -1), (at) =>
        Array.isArray(at) || typeof at !== 'object' || key === undefined
          ? at
          : Object.fromEntries(Object.entries(at ?? {}).filter(([name]) => name !== key)),
      ),
    );
  }
  expect(refused).toBeGreaterThan(500);
});

test('it is asked first for what agents send; what it does not take is put to the schema', () => {
  expect(agentLink.toMaster['node.snapshot'].accepts).toBe(isNodeSnapshot);
  const listeners = new Map<string, (...args: unknown[]) => void>();
  const schema = { ...nodeSnapshotSchema, safeParse: vi.fn(nodeSnapshotSchema.safeParse) };
  const table = {
    snap: notice({ payload: schema as unknown as typeof nodeSnapshotSchema, accepts: isNodeSnapshot }),
  };
  const snap = vi.fn();
  const onError = vi.fn();
  bindMessages(
    { on: (name, listener) => listeners.set(name, listener), onAny: () => {} },
    table,
    { snap },
    { context: null, onError },
  );
  const sent = snapshot(createRandom(2));
  listeners.get('snap')?.(sent);
  expect([snap.mock.calls, schema.safeParse.mock.calls]).toEqual([[[sent, null]], []]);
  listeners.get('snap')?.({ ...sent, more: true });
  expect(snap.mock.calls[1]).toEqual([sent, null]);
  listeners.get('snap')?.({ ...sent, at: -1 });
  expect(snap).toHaveBeenCalledTimes(2);
  expect(onError.mock.calls[0]?.[1]).toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('at'),
  });
});
