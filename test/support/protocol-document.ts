import { z } from 'zod';
import { agentEventSchema, eventSchema } from '../../common/domain/event.ts';
import { nodeFiguresSchema, nodeSnapshotSchema } from '../../common/domain/figures.ts';
import { nodeSampleSchema } from '../../common/domain/fleet.ts';
import { healthCheckSchema, healthStatusSchema } from '../../common/domain/health.ts';
import {
  assignmentSchema,
  exitResultSchema,
  instanceStatusSchema,
  instanceViewSchema,
} from '../../common/domain/instance.ts';
import { logPositionSchema, logRotationSchema } from '../../common/domain/log.ts';
import { nodeInfoSchema, nodeViewSchema } from '../../common/domain/node.ts';
import { registryEntrySchema } from '../../common/domain/registry.ts';
import { releaseRefSchema, releaseSchema } from '../../common/domain/release.ts';
import { rolloutSchema, rolloutStepSchema } from '../../common/domain/rollout.ts';
import {
  limitsSchema,
  restartPolicySchema,
  serviceSchema,
  serviceSpecSchema,
} from '../../common/domain/service.ts';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MessageDefinition, MessageTable } from '../../common/protocol/define.ts';
import { ERROR_CODES, wireErrorSchema } from '../../common/protocol/errors.ts';
import { PROTOCOL_VERSION, supportedVersions } from '../../common/protocol/version.ts';

/** Shapes that many messages hold: told once, by name. */
const NAMED: Readonly<Record<string, z.ZodType>> = {
  AgentEvent: agentEventSchema,
  Assignment: assignmentSchema,
  Error: wireErrorSchema,
  Event: eventSchema,
  ExitResult: exitResultSchema,
  HealthCheck: healthCheckSchema,
  HealthStatus: healthStatusSchema,
  Instance: instanceViewSchema,
  InstanceStatus: instanceStatusSchema,
  Limits: limitsSchema,
  LogPosition: logPositionSchema,
  LogRotation: logRotationSchema,
  Node: nodeViewSchema,
  NodeFigures: nodeFiguresSchema,
  NodeInfo: nodeInfoSchema,
  NodeSample: nodeSampleSchema,
  NodeSnapshot: nodeSnapshotSchema,
  RegistryEntry: registryEntrySchema,
  Release: releaseSchema,
  ReleaseRef: releaseRefSchema,
  RestartPolicy: restartPolicySchema,
  Rollout: rolloutSchema,
  RolloutStep: rolloutStepSchema,
  Service: serviceSchema,
  ServiceSpec: serviceSpecSchema,
};
const names = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(NAMED)) names.add(schema, { id });

interface JsonSchema {
  $ref?: string;
  $defs?: Record<string, JsonSchema>;
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  default?: unknown;
}

/** Deeper than this a shape is only named by its kind: the schemas in common/domain say the rest. */
const SHOWN_DEPTH = 4;

/** docs/PROTOCOL.md, made out of the registry, so that it cannot say anything else than the code. */
export function describeProtocol(): string {
  return [
    '# Protocol',
    '',
    '<!-- Made by `npm run docs`. Do not edit: change common/protocol and make it again. -->',
    '',
    `Version ${PROTOCOL_VERSION}. One TCP port of the master carries everything: Socket.IO 4 (WebSocket transport only, no`,
    'compression) for messages, plain HTTP for packages and health. With TLS the same port speaks `https` and `wss`.',
    '',
    '## Handshake',
    '',
    'Both namespaces take `auth: {token, protocolVersion, version}`; agents add who they are (`agentHelloSchema` in',
    'common/protocol/handshake.ts). The token is checked first, then the version, then the shape. A refusal comes as',
    '`connect_error` with `data: {code, message, hint}`.',
    '',
    `Versions ${supportedVersions()} are taken: a peer may be one version behind or ahead. A message that an older peer does not know is`,
    'answered with `unsupported`, fields that it does not know are dropped, and any other version is refused with',
    '`protocol_mismatch`, naming the side to upgrade.',
    '',
    '## Messages',
    '',
    'A **request** is answered within its time-out with `{ok: true, value}` or `{ok: false, error: {code, message, hint?}}`. A',
    '**notice** is not answered. Whoever receives validates: what does not fit its schema is answered with `bad_request` and',
    'changes nothing. `?` marks what may be left out; `=` what it is then. `bytes` are binary data; of a log, few of them come as',
    'base64 (RFC 4648, section 4), within the message and so in one piece with it.',
    '',
    '`said` beside a text for people (`saidHint` beside a hint) is the same with its facts apart, for readers of other languages: the',
    'English sentence with numbered places, `node {0} is not connected`, and what stands in them, which may be sentences too. Where it',
    'is absent or not known, the text itself says all.',
    '',
    ...section('Cockpit to master (`/cockpit`)', cockpitLink.toMaster, true),
    ...section('Master to cockpit (`/cockpit`)', cockpitLink.toClient, false),
    ...section('Agent to master (`/agent`)', agentLink.toMaster, false),
    ...section('Master to agent (`/agent`)', agentLink.toClient, false),
    '## Shapes',
    '',
    'What they mean is said where they are defined, in common/domain.',
    '',
    ...Object.entries(NAMED).flatMap(([name, schema]) => [`**${name}** \`${shapeOf(schema, 'input')}\``, '']),
    '## Error codes',
    '',
    'Callers branch on these, never on message text:',
    '',
    ERROR_CODES.map((code) => `\`${code}\``).join(', '),
    '',
  ].join('\n');
}

function section(title: string, table: MessageTable, withRole: boolean): string[] {
  const lines = [`### ${title}`, ''];
  for (const [name, message] of Object.entries(table))
    lines.push(...describeMessage(name, message, withRole));
  return lines;
}

function describeMessage(name: string, message: MessageDefinition, withRole: boolean): string[] {
  const payload = `- payload: \`${shapeOf(message.payload, 'input')}\``;
  if (message.kind === 'notice') return [`**\`${name}\`** — notice`, '', payload, ''];
  const facts = [
    'request',
    ...(withRole ? [`role ${message.role}`] : []),
    `answered within ${message.timeoutMs / 1000} s`,
  ];
  const result = `- result: \`${shapeOf(message.result, 'output')}\``;
  return [`**\`${name}\`** — ${facts.join(', ')}`, '', payload, result, ''];
}

function shapeOf(schema: z.ZodType, io: 'input' | 'output'): string {
  // Bytes have no JSON schema.
  const json = z.toJSONSchema(schema, { io, metadata: names, unrepresentable: 'any' }) as JsonSchema;
  // A schema that has a name itself is told, not named.
  const own = Object.entries(NAMED).find(([, named]) => named === schema)?.[0];
  return shape(own === undefined ? json : (json.$defs?.[own] ?? json), 0);
}

function shape(schema: JsonSchema, depth: number): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) ?? '';
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives !== undefined) {
    return [...new Set(alternatives.map((each) => shape(each, depth)))].join(' | ');
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (schema.type === 'array') {
    if (schema.prefixItems !== undefined)
      return `[${schema.prefixItems.map((each) => shape(each, depth + 1)).join(', ')}]`;
    return `${wrapped(shape(schema.items ?? {}, depth + 1))}[]`;
  }
  if (schema.type === 'object') return objectShape(schema, depth);
  if (Array.isArray(schema.type)) return schema.type.join(' | ');
  return schema.type ?? 'bytes';
}

function wrapped(text: string): string {
  return text.includes(' | ') ? `(${text})` : text;
}

function objectShape(schema: JsonSchema, depth: number): string {
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0)
    return typeof schema.additionalProperties === 'object'
      ? `{[key]: ${shape(schema.additionalProperties, depth + 1)}}`
      : '{}';
  if (depth > SHOWN_DEPTH) return '{…}';
  const parts = fields.map(([name, field]) => {
    const isRequired = schema.required?.includes(name) ?? false;
    const isPlain = field.default !== undefined && typeof field.default !== 'object';
    const fallback = isPlain ? ` = ${JSON.stringify(field.default)}` : '';
    return `${name}${isRequired ? '' : '?'}: ${shape(field, depth + 1)}${fallback}`;
  });
  return `{${parts.join(', ')}}`;
}
