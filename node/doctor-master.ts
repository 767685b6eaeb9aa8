import { readFileSync } from 'node:fs';
import type * as z from 'zod';
import { checkSecret } from '../common/doctor/checks.ts';
import type { Seen } from '../common/doctor/finding.ts';
import { english } from '../common/domain/said.ts';
import { untrustedCertificate } from '../common/protocol/connect-failure.ts';
import { SgridError } from '../common/protocol/errors.ts';
import { HTTP_PATHS, healthSchema, httpErrorSchema } from '../common/protocol/http.ts';
import {
  isOpenToOthers,
  type MasterAddress,
  parseMasterAddress,
  requestMaster,
} from '../common/protocol/master-address.ts';

const MASTER_TIMEOUT_MS = 5_000;
/** Times of events and logs of several nodes are compared by people. The Date header has whole seconds. */
const MOST_SKEW_MS = 2_000;

interface Answer {
  status: number;
  date: string;
  body: string;
}

/** Whether the master answers, its clock and its version. @throws SgridError `disconnected`, `unauthenticated` for its certificate */
export async function checkMaster(mainNode: string, version: string): Promise<Seen> {
  const address = parseMasterAddress(mainNode);
  const { date, body } = await ask(address, HTTP_PATHS.health);
  const health = read(healthSchema, body);
  if (health === null) {
    const text = `what answers at ${address.origin} is no master`;
    return {
      level: 'bad',
      text,
      hint: 'see host and port of "mainNode"; sgridnext prints its address at its start',
    };
  }
  const skewMs = Math.abs(Date.now() - Date.parse(date));
  if (skewMs > MOST_SKEW_MS) {
    const text = `${address.origin} answers; clocks differ by ${Math.round(skewMs / 1000)} s`;
    return { level: 'warn', text, hint: 'let both machines keep time by NTP (timedatectl set-ntp true)' };
  }
  const text = `${address.origin} answers, version ${health.version}`;
  if (isOpenToOthers(address)) {
    const hint =
      'let sgridnext encrypt ("tls": true), and write its https://… address with the fingerprint here';
    return { level: 'warn', text: `${text}; tokens can be read on the way to it`, hint };
  }
  if (health.version === version) return { level: 'ok', text };
  const hint = 'one version of difference is fine for the time of an upgrade';
  return { level: 'warn', text: `${text}; this is ${version}`, hint };
}

/**
 * Whether there is a token that this user can read and nobody else, and whether the master takes it. That is asked by a package
 * that there is not: it joins nothing, and uses no token for joining up.
 */
export async function checkToken(mainNode: string, file: string): Promise<Seen> {
  const seen = checkSecret(file);
  if (seen.level === 'bad') return seen;
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch {
    return { level: 'bad', text: `${file} cannot be read by this user`, hint: 'run as its owner' };
  }
  let answer: Answer;
  try {
    answer = await ask(parseMasterAddress(mainNode), HTTP_PATHS.package('0'.repeat(64)), {
      authorization: `Bearer ${token}`,
    });
  } catch {
    // That the master does not answer is told by itself.
    return seen;
  }
  if (answer.status !== 401 && answer.status !== 403) return seen;
  const refusal = read(httpErrorSchema, answer.body);
  // That it is no master is told by itself.
  if (refusal === null) return seen;
  const { message, hint } = refusal.error;
  return {
    level: 'bad',
    text: `${file} is refused: ${message}`,
    hint: hint ?? 'give it one of role agent that is valid',
  };
}

/** What answers may be anything: a proxy, a web server, a router. Null for what is not an answer of a master. */
function read<S extends z.ZodType>(schema: S, body: string): z.output<S> | null {
  try {
    return schema.parse(JSON.parse(body));
  } catch {
    return null;
  }
}

async function ask(
  address: MasterAddress,
  path: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const signal = AbortSignal.timeout(MASTER_TIMEOUT_MS);
  requestMaster(address, path, { headers, signal })
    .on('error', (cause) => reject(unreachable(address, cause)))
    .on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, date: response.headers.date ?? '', body }),
      );
    })
    .end();
  return await promise;
}

function unreachable({ origin }: MasterAddress, cause: Error): SgridError {
  // A wrong certificate explains itself.
  if (cause instanceof SgridError) return cause;
  const untrusted = untrustedCertificate(cause);
  return new SgridError(
    'disconnected',
    `${origin} does not answer: ${english(untrusted?.reason ?? cause.message)}`,
    {
      hint:
        untrusted?.hint ??
        'start sgridnext there, and see that its "host" and a firewall let this machine in',
      cause,
    },
  );
}
