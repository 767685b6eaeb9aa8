import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { describeProtocol } from '../../support/protocol-document.ts';

test('docs/PROTOCOL.md says what the registry says: "npm run docs" makes it', () => {
  const written = readFileSync(new URL('../../../docs/PROTOCOL.md', import.meta.url), 'utf8');
  expect(written).toBe(describeProtocol());
});
