import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type LogReadRequest, logReadRequestSchema, logRotationSchema } from '../../../common/domain/log.ts';
import { logSearchRequestSchema } from '../../../common/domain/log-search.ts';
import { serviceSpecSchema } from '../../../common/domain/service.ts';
import { createLogStore } from '../../../node/log/create-log-store.ts';
import type { LogStore } from '../../../node/log/log-store.ts';
import { matchTexts } from '../../support/match-texts.ts';

let base: string;
let store: LogStore;
let directory: string;
let outside: string;

beforeEach(async () => {
  base = realpathSync(mkdtempSync(join(tmpdir(), 'sgrid-extra-')));
  outside = join(base, 'var');
  mkdirSync(outside);
  store = createLogStore({ root: join(base, 'logs'), clock: Date.now });
  ({ directory } = await store.prepare(1));
});
afterEach(async () => {
  await store.close();
  rmSync(base, { recursive: true, force: true });
});

const configure = (...logPaths: string[]): void =>
  store.configure(1, { rotation: logRotationSchema.parse({}), logPaths });
const names = async () => (await store.files(1)).map(({ name }) => name);
const read = (file: string, over: Partial<LogReadRequest> = {}) =>
  store.read(logReadRequestSchema.parse({ instanceId: 1, file, from: 'head', ...over }));
const textOf = async (file: string, over: Partial<LogReadRequest> = {}) =>
  Buffer.from((await read(file, over)).data).toString();
const write = (path: string, text = path): void => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
};

describe('what globs name', () => {
  test('is listed and can be read and searched; nothing else', async () => {
    write(join(directory, 'app.log'), 'one\ntwo\n');
    write(join(directory, 'app.txt'));
    write(join(directory, 'deep/er/access.log'), 'deep');
    write(join(outside, 'a.log'), 'outside');
    write(join(outside, 'b.secret'));
    configure('*.log', '**/access.log', join(outside, '*.log'), join(outside, 'absent.log'));
    expect(await names()).toEqual(['stdout', join(outside, 'a.log'), 'app.log', 'deep/er/access.log']);
    expect(await textOf('app.log')).toBe('one\ntwo\n');
    expect(await textOf('deep/er/access.log')).toBe('deep');
    expect(await textOf(join(outside, 'a.log'))).toBe('outside');
    const found = await store.search(
      logSearchRequestSchema.parse({ instanceId: 1, file: 'app.log', from: 'head', pattern: 'w' }),
    );
    expect(matchTexts(found).map((text) => Buffer.from(text).toString())).toEqual(['two']);
    for (const file of [
      ...['app.txt', join(outside, 'b.secret'), '../1/app.txt', '/etc/passwd', 'stdout.log'],
      ...['stdout.log.lineage', join(directory, 'stdout.log'), `../../var/b.secret`],
    ]) {
      await expect(read(file)).rejects.toMatchObject({ code: 'not_found' });
    }
    configure();
    expect(await names()).toEqual(['stdout']);
    await expect(read('app.log')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('does not lead out through links', async () => {
    write(join(outside, 'secret.log'), 'secret');
    write(join(directory, 'app-1.log'), 'first');
    symlinkSync(join(outside, 'secret.log'), join(directory, 'file.log'));
    symlinkSync(outside, join(directory, 'sub'));
    symlinkSync('app-1.log', join(directory, 'current.log'));
    symlinkSync('stdout.log', join(directory, 'ours.log'));
    configure('*.log', '*/*.log');
    // A link to what is named anyway is no way out.
    expect(await names()).toEqual(['stdout', 'app-1.log', 'current.log']);
    expect(await textOf('current.log')).toBe('first');
    for (const file of ['file.log', 'sub/secret.log', 'ours.log']) {
      await expect(read(file)).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('may begin at a link, since a person named it, also one to a name like a glob', async () => {
    write(join(base, 'real[1]/app.log'), 'text');
    symlinkSync(join(base, 'real[1]'), join(base, 'link'));
    configure(join(base, 'link/*.log'));
    expect(await names()).toEqual(['stdout', join(base, 'link/app.log')]);
    expect(await textOf(join(base, 'link/app.log'))).toBe('text');
  });

  test('is checked again at every read', async () => {
    write(join(outside, 'app.log'), 'secret');
    write(join(directory, 'd/app.log'), 'fine');
    configure('*/app.log');
    expect(await textOf('d/app.log')).toBe('fine');
    rmSync(join(directory, 'd'), { recursive: true });
    symlinkSync(outside, join(directory, 'd'));
    await expect(read('d/app.log')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('must be a path that a specification may hold', () => {
    const spec = (logPath: string) =>
      serviceSpecSchema.safeParse({ name: 'a', type: 'node', logPaths: [logPath] }).success;
    expect(spec('logs/**/*.log')).toBe(true);
    expect(spec('/var/log/app/*.log')).toBe(true);
    expect(spec('../other/*.log')).toBe(false);
    expect(spec('')).toBe(false);
  });
});

describe('a file that a program keeps itself', () => {
  const app = (): string => join(directory, 'app.log');
  beforeEach(() => {
    write(app(), 'old 1\nold 2\n');
    configure('*.log');
  });

  test('is followed', async () => {
    const { end } = await read('app.log');
    const waiting = textOf('app.log', { from: end, waitMs: 30_000 });
    appendFileSync(app(), 'old 3\n');
    expect(await waiting).toBe('old 3\n');
    expect(await textOf('app.log', { from: end, direction: 'backward', maxBytes: 6 })).toBe('old 2\n');
  });

  test('keeps its positions over the agent', async () => {
    const { end } = await read('app.log');
    await store.close();
    store = createLogStore({ root: join(base, 'logs'), clock: Date.now });
    configure('*.log');
    appendFileSync(app(), 'new');
    expect(await textOf('app.log', { from: end })).toBe('new');
  });

  test('that the program rotates or empties goes on at its new beginning', async () => {
    const { end } = await read('app.log');
    const waiting = read('app.log', { from: end, waitMs: 30_000 });
    renameSync(app(), `${app()}.1`);
    writeFileSync(app(), 'new 1\n');
    const rotated = await waiting.catch(() => read('app.log', { from: end }));
    const after = rotated.data.length > 0 ? rotated : await read('app.log', { from: rotated.end });
    expect(Buffer.from(after.data).toString()).toBe('new 1\n');
    expect(after.start.lineage).not.toBe(end.lineage);
    truncateSync(app(), 0);
    await read('app.log', { from: 'tail' });
    appendFileSync(app(), 'longer than before\n');
    const emptied = await read('app.log', { from: after.end });
    expect(emptied.start).toEqual({ lineage: expect.any(String), offset: 0 });
    expect(Buffer.from(emptied.data).toString()).toBe('longer than before\n');
  });

  test('that is gone is said to be gone', async () => {
    rmSync(app());
    await expect(read('app.log')).rejects.toMatchObject({ code: 'not_found' });
  });
});
