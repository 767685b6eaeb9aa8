import { EventEmitter } from 'node:events';
import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Assignment, InstanceStatus } from '../../../common/domain/instance.ts';
import type { AgentToMaster, MasterToAgent } from '../../../common/protocol/agent-link.ts';
import {
  type BindOptions,
  bindMessages,
  type CallingSocket,
  call,
  type ReceivingSocket,
  tell,
} from '../../../common/protocol/bind.ts';
import type { CockpitToMaster } from '../../../common/protocol/cockpit-link.ts';
import {
  defineLink,
  type EventMap,
  type NoticeName,
  notice,
  type Payload,
  type PayloadInput,
  type Reply,
  type RequestName,
  type Result,
  request,
} from '../../../common/protocol/define.ts';
import { SgridError } from '../../../common/protocol/errors.ts';

const link = defineLink({
  namespace: '/test',
  toMaster: {
    add: request({
      payload: z.object({ a: z.int(), b: z.int().default(1) }),
      result: z.object({ sum: z.int() }),
      role: 'operator',
    }),
    note: notice({ payload: z.object({ text: z.string() }) }),
  },
  toClient: {},
});
type Table = typeof link.toMaster;

/** A socket of each side over one emitter: what is sent on one is heard on the other, acknowledgements included. */
function createPair() {
  const wire = new EventEmitter();
  const any: ((event: unknown, ...args: unknown[]) => void)[] = [];
  const emit = (event: string, ...args: unknown[]): void => {
    for (const listener of any) listener(event, ...args);
    wire.emit(event, ...args);
  };
  const client: CallingSocket & { emit(event: string, ...args: unknown[]): void } = {
    emit,
    timeout: (ms) => ({
      emitWithAck: (event, payload) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(() => reject(new Error('operation has timed out')), ms);
          emit(event, payload, (answer: unknown) => {
            clearTimeout(timer);
            resolve(answer);
          });
        }),
    }),
  };
  const server: ReceivingSocket = {
    on: (event, listener) => wire.on(event, listener),
    onAny: (listener) => any.push(listener),
  };
  return { server, client };
}

function bind(
  pair: ReturnType<typeof createPair>,
  options: Partial<BindOptions<string>> & { add?: (a: number, b: number) => unknown } = {},
) {
  const notes: string[] = [];
  const { add = (a, b) => ({ sum: a + b }), ...rest } = options;
  bindMessages<Table, string>(
    pair.server,
    link.toMaster,
    { add: async ({ a, b }) => add(a, b) as { sum: number }, note: ({ text }) => void notes.push(text) },
    { context: 'me', ...rest },
  );
  return notes;
}

test('a request is validated, defaults filled in, answered, and its result validated', async () => {
  const pair = createPair();
  bind(pair);
  expect(await call(pair.client, link.toMaster, 'add', { a: 2 })).toEqual({ sum: 3 });
  const other = createPair();
  bind(other, { add: () => ({ sum: 'three' }) });
  await expect(call(other.client, link.toMaster, 'add', { a: 2 })).rejects.toMatchObject({
    code: 'internal',
    message: 'add: malformed result: sum: expected number, received string',
  });
});

test('a malformed request is answered, naming the field, and no handler sees it', async () => {
  const pair = createPair();
  const errors: unknown[] = [];
  bind(pair, {
    add: () => {
      throw new Error('must not be called');
    },
    onError: (name, error, context) => void errors.push([name, (error as SgridError).code, context]),
  });
  await expect(call(pair.client, link.toMaster, 'add', { a: 1.5 })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('add: a:'),
  });
  await expect(pair.client.timeout(100).emitWithAck('add', undefined)).resolves.toMatchObject({
    ok: false,
    error: { code: 'bad_request' },
  });
  expect(errors).toEqual([
    ['add', 'bad_request', 'me'],
    ['add', 'bad_request', 'me'],
  ]);
});

test("a handler's error keeps its code and hint; an unknown one becomes internal", async () => {
  const pair = createPair();
  bind(pair, {
    add: (a) => {
      throw a === 1 ? new SgridError('conflict', 'taken', { hint: 'wait' }) : new TypeError('oops');
    },
  });
  const add = (a: number) => call(pair.client, link.toMaster, 'add', { a });
  await expect(add(1)).rejects.toMatchObject({ code: 'conflict', message: 'taken', hint: 'wait' });
  await expect(add(2)).rejects.toMatchObject({ code: 'internal', message: 'oops' });
});

test('authorize decides between validation and handler', async () => {
  const pair = createPair();
  let handled = 0;
  bind(pair, {
    add: () => ({ sum: ++handled }),
    authorize: (name, definition, context) => {
      throw new SgridError('forbidden', `${name} ${definition.role} ${context}`);
    },
  });
  await expect(call(pair.client, link.toMaster, 'add', { a: 1 })).rejects.toMatchObject({
    code: 'forbidden',
    message: 'add operator me',
  });
  expect(handled).toBe(0);
});

test('a request that nobody waits for is ignored, a malformed notice dropped and reported', () => {
  const pair = createPair();
  const errors: string[] = [];
  let handled = 0;
  const notes = bind(pair, {
    add: () => ({ sum: ++handled }),
    onError: (name) => void errors.push(name),
  });
  pair.client.emit('add', { a: 1 });
  pair.client.emit('add');
  pair.client.emit('note', { text: 7 });
  tell(pair.client, link.toMaster, 'note', { text: 'hello' });
  expect({ handled, notes, errors }).toEqual({ handled: 0, notes: ['hello'], errors: ['note'] });
});

test('what is in no table is answered at once, and a notice of that kind ignored', async () => {
  const pair = createPair();
  const errors: string[] = [];
  const notes = bind(pair, { self: 'sgridnext 1.0.0', onError: (name) => void errors.push(name) });
  const later = { multiply: link.toMaster.add, forget: link.toMaster.note };
  await expect(call(pair.client, later, 'multiply', { a: 1 })).rejects.toMatchObject({
    code: 'unsupported',
    message: 'sgridnext 1.0.0 does not know "multiply"',
  });
  tell(pair.client, later, 'forget', { text: 'hello' });
  const { emit } = pair.client as unknown as { emit(event: unknown, ...args: unknown[]): void };
  const answers: unknown[] = [];
  for (const name of ['toString', '__proto__', 7, 'x'.repeat(10_000)])
    emit(name, {}, (answer: unknown) => answers.push(answer));
  emit('multiply');
  expect(answers).toEqual(
    Array(4).fill({ ok: false, error: expect.objectContaining({ code: 'unsupported' }) }),
  );
  expect([notes, errors]).toEqual([[], []]);
});

test('an error code of a later version is an error, and its words are kept', async () => {
  const pair = createPair();
  pair.server.on('add', (...args) =>
    (args.at(-1) as (answer: unknown) => void)({ ok: false, error: { code: 'frozen', message: 'too cold' } }),
  );
  await expect(call(pair.client, link.toMaster, 'add', { a: 1 })).rejects.toMatchObject({
    ...{ code: 'internal', message: 'too cold' },
  });
});

test('no answer is a time-out, and nonsense for an answer an internal error', async () => {
  const pair = createPair();
  await expect(call(pair.client, link.toMaster, 'add', { a: 1 }, { timeoutMs: 1 })).rejects.toMatchObject({
    code: 'timeout',
  });
  pair.server.on('add', (...args) => (args.at(-1) as (answer: unknown) => void)({ ok: 'maybe' }));
  await expect(call(pair.client, link.toMaster, 'add', { a: 1 })).rejects.toMatchObject({ code: 'internal' });
});

test('binding without a handler for a message fails at once', () => {
  expect(() => bindMessages(createPair().server, link.toMaster, {} as never, { context: null })).toThrow(
    'no handler for add',
  );
});

test('event maps, payloads and results are derived from the schemas', () => {
  expectTypeOf<RequestName<Table>>().toEqualTypeOf<'add'>();
  expectTypeOf<NoticeName<Table>>().toEqualTypeOf<'note'>();
  expectTypeOf<PayloadInput<Table, 'add'>>().toEqualTypeOf<{ a: number; b?: number | undefined }>();
  expectTypeOf<Payload<Table, 'add'>>().toEqualTypeOf<{ a: number; b: number }>();
  expectTypeOf<Result<Table, 'add'>>().toEqualTypeOf<{ sum: number }>();
  expectTypeOf<EventMap<Table>['add']>().toEqualTypeOf<
    (payload: { a: number; b?: number | undefined }, ack: (reply: Reply<{ sum: number }>) => void) => void
  >();
  expectTypeOf<EventMap<Table>['note']>().toEqualTypeOf<(payload: { text: string }) => void>();

  expectTypeOf<Payload<MasterToAgent, 'instance.apply'>>().toEqualTypeOf<{ assignment: Assignment }>();
  expectTypeOf<Result<MasterToAgent, 'instance.apply'>>().toEqualTypeOf<{ status: InstanceStatus }>();
  expectTypeOf<NoticeName<AgentToMaster>>().toEqualTypeOf<'node.snapshot' | 'release.progress'>();
  expectTypeOf<RequestName<CockpitToMaster>>().toEqualTypeOf<keyof CockpitToMaster>();

  // @ts-expect-error a name that is in no table
  type Unknown = Payload<Table, 'subtract'>;
  // @ts-expect-error a notice is told, not called
  void ((pair: CallingSocket) => call(pair, link.toMaster, 'note', { text: '' }));
  // @ts-expect-error a field of another type
  void ((pair: CallingSocket) => call(pair, link.toMaster, 'add', { a: '1' }));
  expectTypeOf<Unknown>().not.toBeString();
});

test('an error with a long text keeps its code', async () => {
  const pair = createPair();
  const long = 'x'.repeat(10_000);
  bind(pair, {
    add: () => {
      throw new SgridError('conflict', long, { hint: long });
    },
  });
  await expect(call(pair.client, link.toMaster, 'add', { a: 1 })).rejects.toMatchObject({ code: 'conflict' });
});

test('every request under way can be waited for, also one that fails', async () => {
  const pair = createPair();
  const gate = Promise.withResolvers<{ sum: number }>();
  const tracked: Promise<unknown>[] = [];
  bind(pair, { add: () => gate.promise, track: (work) => void tracked.push(work) });
  const answer = call(pair.client, link.toMaster, 'add', { a: 1 });
  answer.catch(() => {});
  let isOver = false;
  const [work] = tracked;
  const over = work?.then(() => {
    isOver = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([tracked.length, isOver]).toEqual([1, false]);
  gate.reject(new Error('no'));
  await over;
  await expect(answer).rejects.toMatchObject({ code: 'internal' });
});
