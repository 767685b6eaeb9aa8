import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../../common/config/load-config.ts';
import { masterConfigSchema } from '../../../master/config.ts';
import { agentConfigSchema } from '../../../node/config.ts';

const schema = z.object({
  httpPort: z.coerce.number().int().min(0).max(65535).default(15872),
  host: z.string().default('127.0.0.1'),
});

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-config-'));
  file = join(directory, 'config.json');
});
afterEach(() => rmSync(directory, { recursive: true }));

const load = (env: Record<string, string> = {}, flags: Record<string, unknown> = {}, more = {}) =>
  loadConfig(schema, { file, env, envPrefix: 'SGRIDNEXT_', flags, ...more });

test('flags win over environment, environment over file, file over defaults', () => {
  writeFileSync(file, '{"httpPort": 1, "host": "::1"}');
  expect(load().config).toEqual({ httpPort: 1, host: '::1' });
  expect(load({ SGRIDNEXT_HTTP_PORT: '2' }).config.httpPort).toBe(2);
  expect(load({ SGRIDNEXT_HTTP_PORT: '2' }, { httpPort: 3 }).config.httpPort).toBe(3);
});

test('a missing file is an error only when the user named it', () => {
  expect(load().config.httpPort).toBe(15872);
  expect(() => load({}, {}, { fileMustExist: true })).toThrow(/does not exist/);
});

test('an unknown key is named, with the key that was meant', () => {
  writeFileSync(file, '{"httpport": 1}');
  expect(() => load()).toThrow(
    expect.objectContaining({ code: 'bad_request', hint: 'did you mean "httpPort"?' }),
  );
});

test('lines that begin with // are comments, and others are told their true place', () => {
  writeFileSync(file, '// mine\n{\n  // "httpPort": 1,\n  "host": "a//b"\n}\n');
  expect(load().config).toEqual({ httpPort: 15872, host: 'a//b' });
  writeFileSync(file, '// mine\n{\n  "host": "a"\n  "httpPort": 1\n}\n');
  expect(() => load()).toThrow(/line 4 column 3/);
});

test('a key of an older config is ignored with a notice', () => {
  writeFileSync(file, '{"db": "mysql://x"}');
  expect(load({}, {}, { ignored: { db: 'the agent needs no database' } }).notices).toEqual([
    `${file}: "db" is ignored: the agent needs no database`,
  ]);
});

test('a bad value names its key and its source', () => {
  expect(() => load({ SGRIDNEXT_HTTP_PORT: 'abc' })).toThrow(
    expect.objectContaining({
      message: expect.stringContaining('httpPort'),
      hint: 'it comes from SGRIDNEXT_HTTP_PORT',
    }),
  );
});

test.each([
  ['{"httpPort": null}', 'config httpPort: must be a number', masterConfigSchema],
  ['{"httpPort": true}', 'config httpPort: must be a number', masterConfigSchema],
  ['{"httpPort": ""}', 'config httpPort: must be a number', masterConfigSchema],
  ['{"tls": "maybe"}', 'config tls: must be true or false', masterConfigSchema],
  ['{"nodeIndex": [7]}', 'config nodeIndex: must be a number', agentConfigSchema],
  ['{"cgroupDriver": "v2"}', /^config cgroupDriver: .*"auto"\|"systemd"/, agentConfigSchema],
])('a value that is none is refused, and what could stand there is said: %s', (text, message, products) => {
  writeFileSync(file, text);
  expect(() => loadConfig(products, { file, env: {}, envPrefix: 'SGRID_', flags: {} })).toThrow(message);
});

test('numbers and switches of the environment are text', () => {
  const env = { SGRID_HTTP_PORT: '81', SGRID_TLS: 'on' };
  const { config } = loadConfig(masterConfigSchema, { env, envPrefix: 'SGRID_', flags: { tls: 'false' } });
  expect(config).toMatchObject({ httpPort: 81, tls: false });
});

test('half-written JSON is named as such', () => {
  writeFileSync(file, '{"httpPort": 1');
  expect(() => load()).toThrow(/cannot be read/);
});
