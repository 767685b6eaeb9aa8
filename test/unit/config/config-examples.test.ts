import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { z } from 'zod';
import { loadConfig } from '../../../common/config/load-config.ts';
import { masterConfigSchema } from '../../../master/config.ts';
import { agentConfigSchema } from '../../../node/config.ts';

const products: readonly [name: string, file: string, schema: z.ZodObject][] = [
  ['sgridnext', '../../../master/install/config.example.jsonc', masterConfigSchema],
  ['sgridnode', '../../../node/install/config.example.jsonc', agentConfigSchema],
];
/** Keys whose example is no default, since that is another one on each machine, or nothing. */
const NO_DEFAULT = new Set(['alias', 'host', 'nodeBinary', 'mainNode', 'nodeIndex', 'tls', 'webhooks']);

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sgrid-example-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function read(schema: z.ZodObject, text: string): Record<string, unknown> {
  const file = join(directory, 'config.json');
  writeFileSync(file, text);
  return loadConfig(schema, { file, env: {}, envPrefix: 'X_', flags: {} }).config;
}

test.each(products)(
  'the example of %s is taken as it is, and with every key of it',
  (_name, path, schema) => {
    const text = readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
    const asItIs = read(schema, text);
    const all = text.replace(/^( *)\/\/ (?=")/gm, '$1');
    const uncommented = read(schema, all);
    const keys = [...all.matchAll(/^ *"(\w+)":/gm)].map(([, key]) => key);
    expect(keys.sort()).toEqual(Object.keys(schema.shape).sort());
    // What is in comments is what holds without it.
    for (const [key, value] of Object.entries(asItIs))
      if (!NO_DEFAULT.has(key)) expect([key, uncommented[key]]).toEqual([key, value]);
  },
);
