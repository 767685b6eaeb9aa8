import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkDirectory, checkPort, checkSecret } from '../common/doctor/checks.ts';
import { type Check, examine, type Finding, type Seen } from '../common/doctor/finding.ts';
import { readLockHolder } from '../common/system/lock-file.ts';
import { isLoopback } from '../common/system/own-address.ts';
import type { MasterConfig } from './config.ts';
import { checkDatabase, type DatabaseCheck } from './store/check-database.ts';
import { explainSqliteError } from './store/open-store.ts';
import { certificateOf } from './tls.ts';

const CERTIFICATE_WARNING_DAYS = 30;
const DAY_MS = 86_400_000;

/** Looks for what commonly keeps a master from doing its job. Changes nothing, and may run beside a master. */
export function examineMaster(config: MasterConfig, now: () => number): Promise<Finding[]> {
  const stateDir = resolve(config.stateDir);
  const checks: Record<string, Check> = {
    state: () => checkDirectory(stateDir),
    database: () => checkStore(resolve(config.db ?? join(stateDir, 'sgridnext.db'))),
    port: () => checkPort(config.host, config.httpPort, masterOn(stateDir)),
    reach: () => checkReach(config.host),
    encryption: () => checkEncryption(config, stateDir, now()),
    tokens: () => checkTokens(join(stateDir, 'tokens')),
    clock: checkClock,
  };
  return examine(checks);
}

function checkStore(file: string): Seen {
  if (!existsSync(file)) return { level: 'ok', text: `${file} is made at the first start` };
  const { integrity, schemaVersion, newestSchemaVersion } = lookAt(file);
  if (integrity !== 'ok') {
    const hint = 'restore a backup; running services are not affected';
    return { level: 'bad', text: `${file} is damaged: ${integrity}`, hint };
  }
  const text = `${file} is sound, schema ${schemaVersion}`;
  if (schemaVersion > newestSchemaVersion) {
    const hint = `this sgridnext knows schemas up to ${newestSchemaVersion}: start the newer one that wrote it`;
    return { level: 'bad', text, hint };
  }
  const isOld = schemaVersion < newestSchemaVersion;
  return { level: 'ok', text: isOld ? `${text}; the next start brings it to ${newestSchemaVersion}` : text };
}

function lookAt(file: string): DatabaseCheck {
  try {
    return checkDatabase(file);
  } catch (error) {
    throw explainSqliteError(error, file);
  }
}

function masterOn(stateDir: string): string | null {
  const holder = readLockHolder(join(stateDir, 'master.pid'));
  return holder === null ? null : `the master that runs (process ${holder.pid})`;
}

function checkReach(host: string): Seen {
  return isLoopback(host)
    ? {
        level: 'warn',
        text: `${host} is reached from this machine only`,
        hint: 'set "host" to 0.0.0.0 or an address of this machine, for nodes and cockpits elsewhere',
      }
    : { level: 'ok', text: `listens on ${host}` };
}

async function checkEncryption(config: MasterConfig, stateDir: string, now: number): Promise<Seen> {
  const { tls, tlsCertFile, host, allowPlainText } = config;
  const isMadeAtStart = tls && tlsCertFile === undefined && !existsSync(join(stateDir, 'tls/master.crt'));
  if (isMadeAtStart) return { level: 'ok', text: 'a certificate is made at the first start' };
  const certificate = await certificateOf(config, stateDir, now);
  if (certificate === null) {
    const text = 'plain text';
    return isLoopback(host) || !allowPlainText
      ? { level: 'ok', text: `${text}, on loopback` }
      : { level: 'warn', text: `${text} on ${host}`, hint: 'set "tls": true' };
  }
  const days = Math.floor((certificate.expiresAt - now) / DAY_MS);
  const text = `sha256:${certificate.fingerprint}, valid for ${days} days`;
  return days < CERTIFICATE_WARNING_DAYS
    ? { level: 'warn', text, hint: 'renew it; agents and cockpits need the new fingerprint' }
    : { level: 'ok', text };
}

function checkTokens(directory: string): Seen {
  const files = existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];
  if (files.length === 0) return { level: 'ok', text: 'no token lies in a file' };
  const open = files.map(checkSecret).find(({ level }) => level !== 'ok');
  return open ?? { level: 'ok', text: `${files.length} in ${directory}, readable by their user only` };
}

/** systemd-timesyncd and chrony each leave a file once the clock is in time. */
function checkClock(): Seen {
  const isSynchronized = ['/run/systemd/timesync/synchronized', '/var/lib/chrony/drift'].some(existsSync);
  return isSynchronized
    ? { level: 'ok', text: 'kept in time by NTP' }
    : {
        level: 'warn',
        text: 'nothing seems to keep it in time',
        hint: 'times of events of all nodes are shown by this clock: timedatectl set-ntp true',
      };
}
