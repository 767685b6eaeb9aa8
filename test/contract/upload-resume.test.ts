import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { uploadPackage as uploadByClient } from '../../cockpit/client/upload.ts';
import { HTTP_PATHS, httpErrorSchema, OFFSET_HEADER, SHA256_HEADER } from '../../common/protocol/http.ts';
import { type CockpitPeer, connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, startMaster, type TestMaster } from '../support/master.ts';
import { sha256Of, tarOf } from '../support/packages.ts';
import { waitFor } from '../support/wait-for.ts';

let stateDir: string;
let master: TestMaster;
let admin: CockpitPeer;
beforeEach(async () => {
  stateDir = newStateDir();
  master = await startMaster({ stateDir });
  admin = await connectCockpit(master);
  await admin.call('service.create', { spec: { name: 'web', type: 'binary', entry: 'run.sh' } });
});
afterEach(async () => {
  admin.close();
  await master.close();
  rmSync(stateDir, { recursive: true, force: true });
});

const archive = tarOf({ 'run.sh': 'echo hi\n', 'data.bin': randomBytes(3_000_000) });
const sha256 = sha256Of(archive);
const incoming = () => join(stateDir, 'packages', '.incoming');
const partFile = () => join(incoming(), `${sha256}.part`);
const authorization = () => ({ authorization: `Bearer ${master.token('operator')}` });

/** Sends the first bytes and breaks off. @returns how much the master has. */
async function cutOff(bytes: number): Promise<number> {
  const request = httpRequest(`${master.url}${HTTP_PATHS.upload('web')}?version=v1`, {
    method: 'POST',
    headers: { ...authorization(), 'content-length': archive.length, [SHA256_HEADER]: sha256 },
  });
  request.on('error', () => {});
  request.write(archive.subarray(0, bytes));
  await waitFor('it to arrive', () => readdirSync(incoming()).length === 1 && statSync(partFile()).size > 0);
  request.destroy();
  // Free for another attempt again.
  await waitFor('its end', async () => {
    const { status } = await goOn(1, archive.subarray(0, 0));
    return status === 409;
  });
  return (await offset()) ?? 0;
}
async function offset(): Promise<number | null> {
  const path = HTTP_PATHS.uploadOffset(sha256);
  const response = await fetch(master.url + path, { method: 'HEAD', headers: authorization() });
  return response.status === 200 ? Number(response.headers.get(OFFSET_HEADER)) : null;
}
async function goOn(at: number, body: Uint8Array, change: Record<string, string> = {}) {
  const response = await fetch(`${master.url}${HTTP_PATHS.upload('web')}?version=v1`, {
    method: 'POST',
    headers: { ...authorization(), [SHA256_HEADER]: sha256, [OFFSET_HEADER]: String(at), ...change },
    body: Buffer.from(body),
  });
  const error = httpErrorSchema.safeParse(await response.json()).data?.error;
  return { status: response.status, code: error?.code ?? null };
}
async function releases(): Promise<string[]> {
  return (await admin.call('release.list', {})).releases.map((release) => release.sha256);
}

test('an upload that was cut off goes on where it was cut, also behind a restart of the master', async () => {
  expect(await offset()).toBeNull();
  const at = await cutOff(1_000_000);
  expect(at).toBeGreaterThan(0);
  expect(at).toBeLessThanOrEqual(1_000_000);
  admin.close();
  await master.close();
  master = await startMaster({ stateDir });
  admin = await connectCockpit(master);
  expect(await offset()).toBe(at);
  expect(await goOn(at, archive.subarray(at))).toEqual({ status: 201, code: null });
  expect(await releases()).toEqual([sha256]);
  expect(readdirSync(incoming())).toEqual([]);
  expect(await offset()).toBeNull();
});

test('a wrong offset is refused and touches nothing; another content is found out and dropped', async () => {
  const at = await cutOff(1_000_000);
  expect(await goOn(at + 1, archive.subarray(at + 1))).toEqual({ status: 409, code: 'conflict' });
  expect(await goOn(at - 1, archive.subarray(at - 1))).toEqual({ status: 409, code: 'conflict' });
  expect(await offset()).toBe(at);
  expect(await goOn(at, archive.subarray(at), { [OFFSET_HEADER]: '-1' })).toMatchObject({ status: 400 });
  expect(await goOn(at, randomBytes(archive.length - at))).toEqual({
    status: 422,
    code: 'checksum_mismatch',
  });
  expect(readdirSync(incoming())).toEqual([]);
  expect(await releases()).toEqual([]);
});

test('who may not upload may not ask either; a part that nobody carries on goes after a day', async () => {
  await cutOff(500_000);
  const response = await fetch(master.url + HTTP_PATHS.uploadOffset(sha256), {
    method: 'HEAD',
    headers: { authorization: `Bearer ${master.token('viewer')}` },
  });
  expect(response.status).toBe(403);
  admin.close();
  await master.close();
  const yesterday = Date.now() / 1000 - 25 * 3600;
  utimesSync(partFile(), yesterday, yesterday);
  master = await startMaster({ stateDir });
  admin = await connectCockpit(master);
  expect(readdirSync(incoming())).toEqual([]);
});

/** Cuts the first connection that has carried so many bytes to the master. */
async function cuttingProxy(
  cutAfterBytes: number,
): Promise<{ url: string; carried: number[]; server: Server }> {
  const carried: number[] = [];
  const server = createServer((near: Socket) => {
    const far = connectTcp(master.port, '127.0.0.1');
    const index = carried.push(0) - 1;
    let isCut = false;
    near.on('data', (chunk) => {
      carried[index] = (carried[index] ?? 0) + chunk.length;
      if (!isCut) far.write(chunk);
      const earlier = carried.slice(0, index).some((bytes) => bytes >= cutAfterBytes);
      if (earlier || (carried[index] ?? 0) < cutAfterBytes) return;
      isCut = true;
      near.resetAndDestroy();
      far.end();
    });
    far.on('data', (chunk) => near.write(chunk));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, carried, server };
}

test('the client carries on by itself, and sends only what is missing', async () => {
  const proxy = await cuttingProxy(1_500_000);
  const file = join(stateDir, 'web.tar');
  writeFileSync(file, archive);
  const progress: number[] = [];
  try {
    const release = await uploadByClient({
      url: proxy.url,
      token: master.token('operator'),
      serviceName: 'web',
      file,
      version: 'v1',
      message: '',
      onProgress: (sentBytes) => void progress.push(sentBytes),
    });
    expect(release.sha256).toBe(sha256);
  } finally {
    proxy.server.close();
  }
  expect(progress.at(-1)).toBe(archive.length);
  // The whole, what was in flight at the cut, and the headers: far from twice the whole.
  const total = proxy.carried.reduce((sum, bytes) => sum + bytes, 0);
  expect(total).toBeLessThan(archive.length + 1_400_000);
});

test('two who carry on the same upload at a time both come to its end', async () => {
  await cutOff(1_000_000);
  const file = join(stateDir, 'web.tar');
  writeFileSync(file, archive);
  const upload = { url: master.url, token: master.token('operator'), serviceName: 'web', file };
  const both = [1, 2].map(() => uploadByClient({ ...upload, version: 'v1', message: '' }));
  const [one, other] = await Promise.all(both);
  expect(other).toEqual(one);
  expect(await releases()).toEqual([sha256]);
  await waitFor('nothing to be left', () => readdirSync(incoming()).length === 0);
});
