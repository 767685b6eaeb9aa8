import { get } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RegistryEntry, type RegistryTable, toRegistryTable } from '../../../common/domain/registry.ts';
import { httpErrorSchema } from '../../../common/protocol/http.ts';
import { createDiscoveryEndpoint, type DiscoveryEndpoint } from '../../../node/http/discovery.ts';
import { type LocalServer, openLocalServer } from '../../../node/http/local-server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { entryOf } from './support.ts';

let table: RegistryTable;
let isCurrent: boolean;
let listeners: Set<() => void>;
let endpoint: DiscoveryEndpoint;
let server: LocalServer;

beforeEach(async () => {
  table = toRegistryTable([
    entryOf(2),
    entryOf(1),
    entryOf(3, { serviceName: 'api', serviceId: 8, nodeId: 2 }),
  ]);
  isCurrent = true;
  listeners = new Set();
  endpoint = createDiscoveryEndpoint(
    {
      table: () => table,
      isCurrent: () => isCurrent,
      digest: () => '',
      receive: () => {},
      localChanged: () => {},
      listen: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      close: async () => {},
    },
    1,
    2,
  );
  server = await openLocalServer(0, [endpoint.handler]);
});
afterEach(async () => {
  endpoint.close();
  await server.close();
});

function change(...entries: RegistryEntry[]): void {
  table = toRegistryTable(entries);
  for (const listener of [...listeners]) listener();
}
const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${server.port}${path}`, init);
const known = (etag: string): RequestInit => ({ headers: { 'if-none-match': etag } });
const tagOf = async (path: string): Promise<string> => (await ask(path)).headers.get('etag') ?? '';

test('one service: its instances in order', async () => {
  const answer = await ask('/v1/services/web');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(answer.headers.get('x-sgrid-registry')).toBe('current');
  expect(await answer.text()).toBe(
    '{"nodeId":1,"name":"web","serviceId":3,"instances":[' +
      '{"instanceId":1,"nodeId":1,"host":"10.0.0.1","port":8001,"pid":101},' +
      '{"instanceId":2,"nodeId":1,"host":"10.0.0.1","port":8002,"pid":102}]}\n',
  );
});

test('all services by name; one that is nowhere has no instances', async () => {
  const all = await (await ask('/v1/services')).json();
  expect(all).toMatchObject({ nodeId: 1, services: [{ name: 'api', serviceId: 8 }, { name: 'web' }] });
  expect(await (await ask('/v1/services/nobody')).json()).toEqual({
    nodeId: 1,
    name: 'nobody',
    serviceId: null,
    instances: [],
  });
});

test('a tag that fits is answered with 304 and nothing; another, or none, with the whole', async () => {
  const etag = await tagOf('/v1/services/web');
  for (const tags of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const same = await ask('/v1/services/web', known(tags));
    expect([tags, same.status, await same.text()]).toEqual([tags, 304, '']);
    expect(same.headers.get('etag')).toBe(etag);
  }
  expect((await ask('/v1/services/web', known('"other"'))).status).toBe(200);
  change(entryOf(1), entryOf(2), entryOf(4, { serviceName: 'api' }));
  expect((await ask('/v1/services/web', known(etag))).status).toBe(304);
  change(entryOf(1), entryOf(2, { pid: 4 }));
  expect((await ask('/v1/services/web', known(etag))).status).toBe(200);
});

test('a long poll ends with the change of its service, not with that of another', async () => {
  const etag = await tagOf('/v1/services/web');
  const polling = ask('/v1/services/web?wait=5m', known(etag));
  await waitFor('the poll', () => endpoint.waiting() === 1);
  change(entryOf(1), entryOf(2));
  expect(endpoint.waiting()).toBe(1);
  change(entryOf(1));
  const answer = await polling;
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ instances: [{ instanceId: 1 }] });
  expect(endpoint.waiting()).toBe(0);
});

test('a long poll without a change ends with 304; without a tag it does not wait', async () => {
  const etag = await tagOf('/v1/services');
  expect((await ask('/v1/services?wait=10ms', known(etag))).status).toBe(304);
  expect((await ask('/v1/services?wait=5m')).status).toBe(200);
  expect((await ask('/v1/services?wait=5m', known('"old"'))).status).toBe(200);
});

test('so many may wait and no more; one that goes makes room', async () => {
  const etag = await tagOf('/v1/services/web');
  const gone = new AbortController();
  const first = ask('/v1/services/web?wait=5m', { ...known(etag), signal: gone.signal });
  first.catch(() => {});
  const second = ask('/v1/services/web?wait=5m', known(etag));
  await waitFor('both', () => endpoint.waiting() === 2);
  const third = await ask('/v1/services/web?wait=5m', known(etag));
  expect(third.status).toBe(503);
  expect(third.headers.get('retry-after')).toBe('1');
  expect(httpErrorSchema.parse(await third.json()).error.code).toBe('busy');
  expect((await ask('/v1/services/web')).status).toBe(200);
  gone.abort();
  await waitFor('room', () => endpoint.waiting() === 1);
  endpoint.close();
  expect((await second).status).toBe(304);
});

test.each([
  ['/v1/services/..%2fetc', 'bad_request'],
  ['/v1/services/a/b', 'bad_request'],
  ['/v1/services/-x', 'bad_request'],
  [`/v1/services/${'x'.repeat(64)}`, 'bad_request'],
  ['/v1/services/web?wait=forever', 'bad_request'],
  ['/v1/services/web?wait=-1s', 'bad_request'],
  ['/v1/services/web?wait=', 'bad_request'],
  ['/v1/services/web?wait=6m', 'bad_request'],
  ['/v1/services/web?wait=30', 'bad_request'],
  ['/v1/services/web?wiat=30s', 'bad_request'],
])('GET %s is refused, saying what to do', async (path, code) => {
  const answer = await ask(path);
  expect(answer.status).toBe(400);
  const { error } = httpErrorSchema.parse(await answer.json());
  expect(error.code).toBe(code);
  expect(error.hint).toBeTruthy();
});

test('other paths and methods', async () => {
  expect((await ask('/v1/servicesx')).status).toBe(404);
  const post = await ask('/v1/services', { method: 'POST', body: 'x' });
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  const head = await ask('/v1/services', { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const odd = await new Promise<number | undefined>((resolve, reject) => {
    get({ port: server.port, host: '127.0.0.1', path: '//[' }, (response) => resolve(response.statusCode)).on(
      'error',
      reject,
    );
  });
  expect(odd).toBe(400);
});

test('a table without a master is served, and says so; its tag is the same', async () => {
  const etag = await tagOf('/v1/services');
  isCurrent = false;
  const answer = await ask('/v1/services');
  expect(answer.headers.get('x-sgrid-registry')).toBe('last-known');
  expect(answer.headers.get('etag')).toBe(etag);
});
