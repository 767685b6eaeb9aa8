import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type ClientRequest, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Role } from '../../common/domain/role.ts';
import { HTTP_PATHS, healthSchema, httpErrorSchema } from '../../common/protocol/http.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { startMaster, type TestMaster } from '../support/master.ts';
import { sha256Of, tarOf, uploadPackage } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

const MAX_BYTES = 1024 * 1024;
let master: TestMaster;
let admin: CockpitPeer;
beforeEach(async () => {
  master = await startMaster({ maxPackageBytes: MAX_BYTES, limits: { uploadIdleMs: 300 } });
  admin = await connectCockpit(master);
  await admin.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run.sh' } });
});
afterEach(async () => {
  admin.close();
  await master.close();
});

const archive = tarOf({ 'run.sh': '#!/bin/sh\necho hi\n', 'data.bin': randomBytes(100_000) });
const upload = (
  content: Uint8Array,
  change: { version?: string; serviceName?: string; sha256?: string } = {},
) => uploadPackage(master, { serviceName: 'web', version: 'v1', content, message: 'first', ...change });
/** What lies on disk: packages, and unfinished uploads. */
const onDisk = () => {
  const packages = join(master.stateDir, 'packages');
  return [
    ...readdirSync(packages).filter((name) => name !== '.incoming'),
    ...readdirSync(join(packages, '.incoming')),
  ];
};
const get = (path: string, role: Role | null, headers: Record<string, string> = {}) =>
  fetch(master.url + path, {
    headers: { ...headers, ...(role === null ? {} : { authorization: `Bearer ${master.token(role)}` }) },
  });
const errorOf = async (response: Response) => httpErrorSchema.parse(await response.json()).error;

/** An upload whose body the test sends by hand. */
function openUpload(headers: Record<string, string | number>): ClientRequest {
  const request = httpRequest(`${master.url}${HTTP_PATHS.upload('web')}?version=v1`, {
    method: 'POST',
    headers: { authorization: `Bearer ${master.token('operator')}`, ...headers },
  });
  request.on('error', () => {});
  return request;
}
async function answerOf(request: ClientRequest): Promise<{ status: number; code: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; code: string }>();
  request.once('error', reject).once('response', (response) => {
    let text = '';
    response.on('data', (chunk) => {
      text += chunk;
      // The answer is whole before the connection ends.
      const parsed = httpErrorSchema.safeParse(parse(text));
      if (parsed.success) resolve({ status: response.statusCode ?? 0, code: parsed.data.error.code });
    });
  });
  return promise;
}
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};

describe('an upload', () => {
  test('is kept by its sha256, becomes a release, and is told with its actor', async () => {
    const release = await upload(archive);
    expect(release).toMatchObject({
      serviceName: 'web',
      version: 'v1',
      message: 'first',
      sha256: sha256Of(archive),
      sizeBytes: archive.length,
      uploadedBy: 'operator',
    });
    expect(onDisk()).toEqual([release.sha256]);
    expect(Buffer.compare(readFileSync(join(master.stateDir, 'packages', release.sha256)), archive)).toBe(0);
    expect((await admin.call('release.list', {})).releases).toEqual([release]);
    const told = await waitFor('the event', () =>
      admin.events.find((event) => event.kind === 'release.uploaded'),
    );
    expect(told).toMatchObject({ actor: 'operator', result: 'ok', serviceId: release.serviceId });
  });

  test('of the same again answers with the release that is there; of another content it is refused', async () => {
    const release = await upload(archive);
    expect(await upload(archive)).toEqual(release);
    const other = tarOf({ 'run.sh': 'other' });
    await expect(upload(other)).rejects.toMatchObject({ code: 'already_exists' });
    await expect(upload(other, { sha256: sha256Of(other) })).rejects.toMatchObject({
      code: 'already_exists',
    });
    expect(onDisk()).toEqual([release.sha256]);
    expect((await admin.call('release.list', {})).releases).toHaveLength(1);
  });

  test('of one content under two versions at the same time makes two releases of one file', async () => {
    const [one, two, again] = await Promise.all([
      upload(archive, { version: 'a' }),
      upload(archive, { version: 'b' }),
      upload(archive, { version: 'a' }),
    ]);
    expect(again).toEqual(one);
    expect(two?.releaseId).not.toBe(one?.releaseId);
    expect(onDisk()).toEqual([sha256Of(archive)]);
  });

  test.each<[string, () => Buffer]>([
    ['cut off', () => archive.subarray(0, 50_000)],
    ['cut off and gzipped', () => gzipSync(archive).subarray(0, 40_000)],
    ['with a path that leaves it', () => tarOf({ '../../etc/passwd': 'x' })],
    ['with an absolute path', () => tarOf({ '/etc/passwd': 'x' })],
    ['that is none', () => Buffer.from('this is no archive'.repeat(100))],
    ['that is empty', () => Buffer.alloc(0)],
  ])('of an archive %s is refused and leaves nothing', async (_what, content) => {
    await expect(upload(content())).rejects.toMatchObject({ code: 'package_invalid' });
    expect(onDisk()).toEqual([]);
    expect((await admin.call('release.list', {})).releases).toEqual([]);
  });

  test('whose bytes are not the announced ones is refused and leaves nothing', async () => {
    await expect(upload(archive, { sha256: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'checksum_mismatch',
    });
    expect(onDisk()).toEqual([]);
  });

  test('that is too large is refused before it is sent when announced, and while it is sent when not', async () => {
    const announced = openUpload({ 'content-length': MAX_BYTES + 1 });
    announced.flushHeaders();
    expect(await answerOf(announced)).toEqual({ status: 413, code: 'too_large' });
    announced.destroy();

    const chunked = openUpload({ 'transfer-encoding': 'chunked' });
    chunked.write(Buffer.alloc(MAX_BYTES));
    chunked.write(Buffer.alloc(1));
    expect(await answerOf(chunked)).toEqual({ status: 413, code: 'too_large' });
    chunked.destroy();
    expect(onDisk()).toEqual([]);
  });

  test('that the client breaks off leaves nothing', async () => {
    const request = openUpload({ 'content-length': archive.length });
    request.write(archive.subarray(0, 30_000));
    await waitFor('it to arrive', () => onDisk().length === 1);
    request.destroy();
    await waitFor('it to be dropped', () => onDisk().length === 0);
    expect((await admin.call('release.list', {})).releases).toEqual([]);
  });

  test('that stalls is given up with a message', async () => {
    const request = openUpload({ 'content-length': archive.length });
    request.write(archive.subarray(0, 30_000));
    expect(await answerOf(request)).toEqual({ status: 408, code: 'timeout' });
    request.destroy();
    expect(onDisk()).toEqual([]);
  });

  test('with Expect: 100-continue is refused before the body is asked for', async () => {
    const refused = openUpload({ 'content-length': MAX_BYTES + 1, expect: '100-continue' });
    let continued = false;
    refused.on('continue', () => {
      continued = true;
    });
    refused.flushHeaders();
    expect((await answerOf(refused)).code).toBe('too_large');
    expect(continued).toBe(false);
    refused.destroy();

    const wanted = openUpload({ 'content-length': 5, expect: '100-continue' });
    wanted.flushHeaders();
    await once(wanted, 'continue');
    wanted.end('hello');
    expect((await answerOf(wanted)).code).toBe('package_invalid');
  });

  test('of a service that is not there, without a version, or without the role is refused', async () => {
    await expect(upload(archive, { serviceName: 'nope' })).rejects.toMatchObject({ code: 'not_found' });
    await expect(upload(archive, { serviceName: '../x' })).rejects.toMatchObject({ code: 'bad_request' });
    await expect(upload(archive, { version: '../x' })).rejects.toMatchObject({ code: 'bad_request' });
    for (const [role, status] of [
      ['viewer', 403],
      ['agent', 403],
      [null, 401],
    ] as const) {
      const response = await fetch(`${master.url}${HTTP_PATHS.upload('web')}?version=v1`, {
        method: 'POST',
        headers: role === null ? {} : { authorization: `Bearer ${master.token(role)}` },
        body: Buffer.from(archive),
      });
      expect(response.status).toBe(status);
      await response.text();
    }
    expect(onDisk()).toEqual([]);
  });
});

describe('a download', () => {
  const path = HTTP_PATHS.package(sha256Of(archive));
  beforeEach(async () => {
    await upload(archive);
  });

  test('is the package, for agents and operators only', async () => {
    const response = await get(path, 'agent');
    expect(response.status).toBe(200);
    expect(response.headers.get('accept-ranges')).toBe('bytes');
    const hash = createHash('sha256').update(Buffer.from(await response.arrayBuffer()));
    expect(hash.digest('hex')).toBe(sha256Of(archive));
    for (const [role, status] of [
      ['operator', 200],
      ['admin', 200],
      ['viewer', 403],
      [null, 401],
    ] as const) {
      const other = await get(path, role);
      expect(other.status).toBe(status);
      await other.arrayBuffer();
    }
  });

  test('goes on where it was cut', async () => {
    const response = await get(path, 'agent', { range: 'bytes=99000-' });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes 99000-${archive.length - 1}/${archive.length}`);
    const rest = Buffer.from(await response.arrayBuffer());
    expect(Buffer.compare(rest, archive.subarray(99_000))).toBe(0);
    const behind = await get(path, 'agent', { range: `bytes=${archive.length}-` });
    expect(behind.status).toBe(416);
    expect(behind.headers.get('content-range')).toBe(`bytes */${archive.length}`);
    expect((await errorOf(behind)).code).toBe('out_of_range');
  });

  test('of what is not there is refused, whatever its name tries', async () => {
    expect((await errorOf(await get(HTTP_PATHS.package('f'.repeat(64)), 'agent'))).code).toBe('not_found');
    for (const name of ['..%2f..%2fsgridnext.db', '.incoming', `${'f'.repeat(64)}%00`, 'F'.repeat(64)]) {
      const response = await get(`/v1/packages/${name}`, 'agent');
      expect(response.status).toBe(400);
      await response.text();
    }
  });
});

test('health needs no token, and what is not there is told as JSON', async () => {
  expect(healthSchema.parse(await (await get('/healthz', null)).json()).status).toBe('ok');
  const response = await get('/nope', null);
  expect(response.status).toBe(404);
  expect((await errorOf(response)).code).toBe('not_found');
});

test.each(['', 'GET /healthz HTTP/1.1\r\nhost:'])(
  'a request that never gets beyond %j is cut',
  async (text) => {
    const impatient = await startMaster({ limits: { headersMs: 50 } });
    const socket = connect(impatient.port, '127.0.0.1');
    socket.write(text);
    socket.resume();
    await once(socket, 'close');
    await impatient.close();
  },
);
