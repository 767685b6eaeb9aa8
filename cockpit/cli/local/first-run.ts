import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { InstanceView } from '../../../common/domain/instance.ts';
import type { Release } from '../../../common/domain/release.ts';
import { SgridError } from '../../../common/protocol/errors.ts';
import type { MasterClient } from '../../client/master-client.ts';
import { waitForRollout } from '../rollout-wait.ts';
import type { LocalLayout } from './layout.ts';
import { LOCAL_NODE_ID } from './local-system.ts';
import { nextFreePort } from './ports.ts';
import { buildSamplePackage, findSamples, type Sample } from './sample-package.ts';

const FIRST_VERSION = '1.0.0';
const ROLLOUT_TIMEOUT_MS = 60_000;

/**
 * Registers, uploads and deploys the sample services through the calls that every user has. Each step looks at what is
 * there already, so that a first run which was killed half-way is finished by the next, doing nothing twice.
 *
 * @param samplePort first port to try for each instance; undefined for what the samples ask for.
 * @throws SgridError naming the sample that could not be brought up.
 */
export async function deploySamples(
  client: MasterClient,
  { samplesDirectory, stateDirectory }: LocalLayout,
  samplePort: number | undefined,
  say: (text: string) => void,
): Promise<void> {
  const samples = await findSamples(samplesDirectory);
  if (samples.length === 0) {
    say(`no sample services at ${samplesDirectory}; deploy your own with "sgrid deploy"`);
    return;
  }
  // In the state directory, and under one name: what a killed run left there goes away with the next, or with a purge.
  const directory = join(stateDirectory, 'sample-packages');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory);
  try {
    // Ports are given out one sample after the other; building and deploying goes side by side.
    const prepared: { sample: Sample; release: Release; instances: InstanceView[] }[] = [];
    const releases = await Promise.all(
      samples.map((sample) => ensureRelease(client, sample, directory, say)),
    );
    for (const [at, sample] of samples.entries()) {
      const release = releases[at];
      if (release == null) continue;
      prepared.push({ sample, release, instances: await ensureInstances(client, sample, samplePort) });
    }
    await Promise.all(prepared.map((each) => ensureDeployed(client, each, say)));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** The sample's first release, or null when this machine cannot build it. */
async function ensureRelease(
  client: MasterClient,
  sample: Sample,
  directory: string,
  say: (text: string) => void,
): Promise<Release | null> {
  const { spec } = sample.manifest;
  const { releases } = await client.call('release.list', {});
  const present = releases.find((release) => release.serviceName === spec.name);
  if (present !== undefined) return present;
  const file = join(directory, `${spec.name}.tar.gz`);
  const { notice, available } = await buildSamplePackage(sample, FIRST_VERSION, file);
  if (notice !== '') say(notice);
  if (!available) return null;
  const { services } = await client.call('service.list', {});
  if (!services.some((service) => service.name === spec.name)) await client.call('service.create', { spec });
  say(`${spec.name}: uploading release ${FIRST_VERSION}`);
  return client.upload({ serviceName: spec.name, file, version: FIRST_VERSION, message: 'first release' });
}

async function ensureInstances(
  client: MasterClient,
  sample: Sample,
  samplePort: number | undefined,
): Promise<InstanceView[]> {
  const { spec, instances: wanted } = sample.manifest;
  const { instances: all } = await client.call('fleet.watch', { scope: { kind: 'all' } });
  const own = all.filter((instance) => instance.serviceName === spec.name);
  const taken = new Set(all.map((instance) => instance.port));
  for (const { port, limits } of wanted.slice(own.length)) {
    const free = await nextFreePort(samplePort ?? port, taken);
    taken.add(free);
    const { instance } = await client.call('instance.create', {
      serviceName: spec.name,
      nodeId: LOCAL_NODE_ID,
      port: free,
      limits,
    });
    own.push(instance);
  }
  return own;
}

async function ensureDeployed(
  client: MasterClient,
  { sample, release, instances }: { sample: Sample; release: Release; instances: InstanceView[] },
  say: (text: string) => void,
): Promise<void> {
  const { name } = sample.manifest.spec;
  const missing = instances.filter((instance) => instance.release === null);
  if (missing.length === 0) return;
  const instanceIds = missing.map((instance) => instance.instanceId);
  const rolloutId = await beginRollout(client, release, instanceIds);
  // The rollout of a first run that was killed is finished by the master itself.
  if (rolloutId === null) return;
  try {
    await waitForRollout(client, rolloutId, { timeoutMs: ROLLOUT_TIMEOUT_MS });
  } catch (error) {
    throw await withLastLines(client, error, instanceIds);
  }
  say(`${name} ${release.version} runs on ${missing.map(({ host, port }) => `${host}:${port}`).join(', ')}`);
}

async function beginRollout(
  client: MasterClient,
  { releaseId }: Release,
  instanceIds: number[],
): Promise<number | null> {
  try {
    return (await client.call('rollout.create', { releaseId, instanceIds })).rollout.rolloutId;
  } catch (error) {
    if (error instanceof SgridError && error.code === 'conflict') return null;
    throw error;
  }
}

/** A program that would not run has said why in its own output. */
async function withLastLines(
  client: MasterClient,
  error: unknown,
  instanceIds: readonly number[],
): Promise<unknown> {
  if (!(error instanceof SgridError) || error.code !== 'start_failed') return error;
  const outputs = await Promise.all(
    instanceIds.map(async (instanceId) => {
      const read = { instanceId, from: 'tail', direction: 'backward', maxBytes: 2048 } as const;
      const { data } = await client.call('log.read', read);
      return Buffer.from(data).toString('utf8').trim().split('\n').slice(-3).join(' | ');
    }),
  ).catch(() => []);
  const output = outputs.filter((each) => each !== '').join(' | ');
  return new SgridError(error.code, output === '' ? error.message : `${error.message}: ${output}`, {
    hint: error.hint,
    cause: error,
  });
}
