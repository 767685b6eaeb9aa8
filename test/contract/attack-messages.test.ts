import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Server, type Socket } from 'socket.io';
import { expect, test } from 'vitest';
import { agentLink } from '../../common/protocol/agent-link.ts';
import { cockpitLink } from '../../common/protocol/cockpit-link.ts';
import type { MessageDefinition, MessageTable, Reply } from '../../common/protocol/define.ts';
import { PROTOCOL_VERSION } from '../../common/protocol/version.ts';
import { newAgentDir, removeAgentDir, spawnAgent } from '../support/agent-process.ts';
import { createPayloadSource } from '../support/attack/malformed-payloads.ts';
import { createRawLink, openRawLink, type RawLink } from '../support/attack/raw-link.ts';
import { connectCockpit } from '../support/cockpit-peer.ts';
import { newStateDir, spawnMaster } from '../support/master.ts';
import { createRandom } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

/** Of every event. The whole attack is 10,000 of each, and takes minutes: `SGRID_ATTACK_MESSAGES=10000`. */
const MESSAGES = Number(process.env.SGRID_ATTACK_MESSAGES ?? 1_000);
/** Of them, each sent several times. */
const DIFFERENT = 250;
const TIMEOUT_MS = 60_000 + 60 * MESSAGES;
/** What a process may grow by, however many messages there are: it is all room that its collector has not taken back yet. */
const MAX_GROWTH_KIB = 384 * 1024;
const SEED = 6;

const residentKiB = (pid: number): number =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);

/** The arguments around a payload: one, none, too many, and nothing that an event could have. */
const around = (payload: string, turn: number, name: string): string => {
  const event = JSON.stringify(name);
  if (turn % 50 === 1) return `[${event}]`;
  if (turn % 50 === 2) return `[${event},${payload},${payload}]`;
  return `[${event},${payload}]`;
};

interface Attack {
  payload: string;
  fits: boolean;
}

/** So many different ones of an event; right ones are among them only where they do nothing. */
function attacksOf(definition: MessageDefinition, seed: number, mayAct: boolean): Attack[] {
  const source = createPayloadSource(definition.payload, createRandom(seed));
  const attacks: Attack[] = [];
  while (attacks.length < DIFFERENT) {
    const payload = source.next();
    const fits = definition.payload.safeParse(JSON.parse(payload)).success;
    if (!fits || mayAct) attacks.push({ payload, fits });
  }
  return attacks;
}

/** Sends so many of each event of a table, none of which may act. @returns how many, by event. */
async function flood(
  link: RawLink,
  { namespace, table }: { namespace: string; table: MessageTable },
  mayAct: (of: MessageDefinition) => boolean,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  /** One of it is on the way while the next is made. */
  let underWay: Promise<unknown> = Promise.resolve();
  for (const [index, [name, definition]] of Object.entries(table).entries()) {
    const attacks = attacksOf(definition, SEED + index, mayAct(definition));
    for (let sent = 0; sent < MESSAGES; sent += attacks.length) {
      await underWay;
      const answers = attacks.flatMap(({ payload, fits }, at) => {
        const args = around(payload, sent + at, name);
        // Without an id nobody is answered, and a notice never is.
        if (definition.kind === 'notice' || at % 50 === 0) {
          link.send(`2${namespace},${args}`);
          return [];
        }
        return [link.ask(args).then((reply) => demandRefused(args, fits, reply))];
      });
      underWay = Promise.all(answers);
      counts.set(name, sent + attacks.length);
    }
  }
  await underWay;
  return counts;
}

function demandRefused(args: string, fits: boolean, reply: Reply<unknown>): void {
  const isRefused = !reply.ok && reply.error.code === 'bad_request';
  const isHarmless = fits && (reply.ok || reply.error.code !== 'internal');
  if (!isRefused && !isHarmless) throw new Error(`${args.slice(0, 500)}: ${JSON.stringify(reply)}`);
}

/** What is no event of the protocol at all. The link that it comes by may be cut; the process may not. */
const NONSENSE: readonly string[] = [
  ...[
    '',
    '9',
    '2',
    '2[]',
    '2{}',
    '2["x"',
    '2[1]',
    '2[null]',
    '2[{}]',
    '2["connect"]',
    '2["disconnect"]',
    '2["error"]',
  ],
  ...[
    '3999["x"]',
    '4{}',
    '1',
    '0',
    '0/other,{}',
    '51-["x",{"_placeholder":true,"num":0}]',
    '599999999-["x"]',
    '6-[]',
  ],
  ...[
    '2["newListener",1]',
    '2["__proto__",{}]',
    '2["toString"]',
    `2["${'x'.repeat(100_000)}"]`,
    '2'.repeat(10_000),
  ],
  ...[
    `2${'['.repeat(100_000)}`,
    `2["x",${'['.repeat(50_000)}${']'.repeat(50_000)}]`,
    '2\u0000["x"]',
    '2999999999999["x"]',
  ],
];

test(
  'the master takes thousands of malformed messages of every event of both links, acts on none and serves on',
  async () => {
    const stateDir = newStateDir();
    const master = await spawnMaster(stateDir);
    try {
      const admin = await connectCockpit(master);
      const version = { protocolVersion: PROTOCOL_VERSION, version: 'test' };
      const cockpitAuth = { ...version, token: master.token('admin') };
      const agentAuth = {
        ...{
          ...version,
          token: master.token('agent'),
          nodeId: 5,
          agentId: randomUUID(),
          runId: randomUUID(),
        },
        ...{ machineId: '', alias: 'hostile', innerAddress: '127.0.0.1' },
      };
      const [cockpit, agent] = await Promise.all([
        openRawLink(master.url, cockpitLink.namespace, cockpitAuth),
        openRawLink(master.url, agentLink.namespace, agentAuth),
      ]);
      const before = residentKiB(master.pid);
      const fromCockpit = await flood(
        cockpit,
        { namespace: cockpitLink.namespace, table: cockpitLink.toMaster },
        (definition) => definition.kind === 'request' && definition.role === 'viewer',
      );
      const fromAgent = await flood(
        agent,
        { namespace: agentLink.namespace, table: agentLink.toMaster },
        () => false,
      );
      const all = (table: MessageTable) => Object.keys(table).map((name) => [name, MESSAGES]);
      expect([...fromCockpit]).toEqual(all(cockpitLink.toMaster));
      expect([...fromAgent]).toEqual(all(agentLink.toMaster));
      for (const text of NONSENSE) {
        for (const [namespace, auth] of [
          [cockpitLink.namespace, cockpitAuth],
          [agentLink.namespace, agentAuth],
        ] as const) {
          const link = await openRawLink(master.url, namespace, auth);
          link.send(text.replace(/^([0-6])(?=[[{\d])/, `$1${namespace},`));
          link.send(text);
          link.close();
        }
      }
      expect(residentKiB(master.pid) - before).toBeLessThan(MAX_GROWTH_KIB);
      // Nothing of it was taken for a command, and whoever was there is served on.
      expect(await admin.call('session.hello', {})).toMatchObject({ actor: 'admin' });
      expect((await admin.call('service.list', {})).services).toEqual([]);
      expect((await admin.call('token.list', {})).tokens).toHaveLength(4);
      const { events } = await admin.call('event.list', {});
      expect(events.filter(({ kind }) => kind === 'command')).toEqual([]);
      cockpit.close();
      agent.close();
      admin.close();
      expect(await master.close()).toBeUndefined();
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);

test(
  'an agent takes thousands of malformed messages of every event, acts on none and goes on',
  async () => {
    const stateDir = newAgentDir();
    const server = createServer();
    const io = new Server(server, { transports: ['websocket'] });
    try {
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const tokenFile = join(stateDir, 'token');
      writeFileSync(tokenFile, 'any', { mode: 0o600 });
      let reports = 0;
      io.of(agentLink.namespace).on('connection', (socket: Socket) => {
        socket.onAny((name, ...args) => {
          if (name === 'node.report') reports += 1;
          const ack = args.at(-1);
          if (typeof ack === 'function') ack({ ok: true, value: {} });
        });
      });
      const connected = once(io.of(agentLink.namespace), 'connection');
      const agent = await spawnAgent({ stateDir, masterUrl: `http://127.0.0.1:${port}`, tokenFile });
      const [socket] = (await connected) as [Socket];
      await waitFor('its report', () => reports > 0);
      const { link, receive, ended } = createRawLink(
        agentLink.namespace,
        (text) => void socket.conn.send(text),
        () => socket.disconnect(true),
      );
      socket.conn.on('data', (text) => receive(String(text)));
      socket.conn.on('close', ended);
      const before = residentKiB(agent.pid);
      const counts = await flood(
        link,
        { namespace: agentLink.namespace, table: agentLink.toClient },
        () => false,
      );
      expect([...counts]).toEqual(Object.keys(agentLink.toClient).map((name) => [name, MESSAGES]));
      expect(residentKiB(agent.pid) - before).toBeLessThan(MAX_GROWTH_KIB);
      expect(await link.ask('["assignment.list",{}]')).toEqual({ ok: true, value: { assignments: [] } });
      for (const text of NONSENSE) {
        const [again] = await Promise.all([
          waitFor('a link', () => [...io.of(agentLink.namespace).sockets.values()].at(-1)),
        ]);
        again.conn.send(text.replace(/^([0-6])(?=[[{\d])/, `$1${agentLink.namespace},`));
      }
      const last = await waitFor('an answer', async () => {
        const some = [...io.of(agentLink.namespace).sockets.values()].at(-1);
        return some
          ?.timeout(1_000)
          .emitWithAck('node.ping', {})
          .catch(() => null);
      });
      expect(last).toEqual({ ok: true, value: {} });
      expect(await agent.close()).toBe(0);
    } finally {
      await io.close();
      await removeAgentDir(stateDir);
    }
  },
  TIMEOUT_MS,
);
