import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { agentLink } from '../../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../../common/protocol/cockpit-link.ts';
import type { MessageDefinition } from '../../../common/protocol/define.ts';
import { PROTOCOL_VERSION } from '../../../common/protocol/version.ts';

const WHAT_TO_DO = `The protocol differs from test/fixtures/protocol-digest.json. If a peer of version \
${PROTOCOL_VERSION} could misread it (CONTRIBUTING.md, "Add a protocol message", 4), raise PROTOCOL_VERSION in \
common/protocol/version.ts. Then, or if it could not, take the digests over: npx vitest run --project unit \
test/unit/architecture/protocol-digest.test.ts -u`;

/** As it travels: defaults may be absent, whatever is no JSON (bytes) is anything. */
const schemaOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });

/** In the order of the names: whoever moves a field in its source changes nothing. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) {
    const isNames = value.every((each) => typeof each === 'string');
    return isNames ? value.toSorted() : value.map(inOrder);
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([name, each]) => [name, inOrder(each)]));
}

function digestOf(message: MessageDefinition): string {
  const shape = {
    kind: message.kind,
    payload: schemaOf(message.payload),
    ...(message.kind === 'request' && { result: schemaOf(message.result) }),
  };
  return createHash('sha256')
    .update(JSON.stringify(inOrder(shape)))
    .digest('hex')
    .slice(0, 16);
}

test('what a message holds does not change behind the back of the protocol version', async () => {
  const digests = [agentLink, cockpitLink].flatMap(({ namespace, toMaster, toClient }) =>
    Object.entries({ toMaster, toClient }).flatMap(([direction, table]) =>
      Object.entries<MessageDefinition>(table).map(([name, message]) => [
        `${namespace} ${direction} ${name}`,
        digestOf(message),
      ]),
    ),
  );
  const known = inOrder({ protocolVersion: PROTOCOL_VERSION, messages: Object.fromEntries(digests) });
  const text = `${JSON.stringify(known, null, 2)}\n`;
  await expect(text, WHAT_TO_DO).toMatchFileSnapshot('../../fixtures/protocol-digest.json');
});
