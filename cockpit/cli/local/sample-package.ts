import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { create } from 'tar';
import * as z from 'zod';
import { portSchema } from '../../../common/domain/names.ts';
import { limitsSchema, serviceSpecSchema } from '../../../common/domain/service.ts';
import { describeIssue } from '../../../common/protocol/bind.ts';
import { SgridError } from '../../../common/protocol/errors.ts';

/** `service.json` of a sample: the service, and the instances that the local system makes of it. */
const sampleManifestSchema = z.object({
  spec: serviceSpecSchema,
  instances: z.array(z.object({ port: portSchema, limits: limitsSchema.default({}) })).min(1),
});
export type SampleManifest = z.infer<typeof sampleManifestSchema>;

/** A sample service: `service.json`, and `build.sh VERSION DIRECTORY` that fills a package directory. */
export interface Sample {
  directory: string;
  manifest: SampleManifest;
}

/** `build.sh` ends with this where a tool for it is missing, with the reason on standard error. */
const EXIT_UNAVAILABLE = 3;

/** The samples in a directory, by name. A checkout without any has none. */
export async function findSamples(samplesDirectory: string): Promise<Sample[]> {
  const names = await readdir(samplesDirectory).catch(() => []);
  const samples = await Promise.all(names.sort().map((name) => readSample(join(samplesDirectory, name))));
  return samples.filter((sample) => sample !== null);
}

async function readSample(directory: string): Promise<Sample | null> {
  const file = join(directory, 'service.json');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  const manifest = sampleManifestSchema.safeParse(JSON.parse(text));
  if (!manifest.success) throw new SgridError('bad_request', `${file}: ${describeIssue(manifest.error)}`);
  return { directory, manifest: manifest.data };
}

export interface BuiltSample {
  /** What its build said, for people: what is missing here and what was done instead. */
  notice: string;
  /** False: it cannot be built on this machine, and `notice` says why. */
  available: boolean;
}

/**
 * Builds one version of a sample into a gzipped tar archive.
 *
 * @throws SgridError `start_failed` when its build fails.
 */
export async function buildSamplePackage(
  sample: Sample,
  version: string,
  archive: string,
): Promise<BuiltSample> {
  const stage = await mkdtemp(`${archive}.stage-`);
  try {
    const build = await execa(join(sample.directory, 'build.sh'), [version, stage], {
      reject: false,
      stdin: 'ignore',
      timeout: 120_000,
    });
    const notice = build.stderr.trim();
    if (build.exitCode === EXIT_UNAVAILABLE) return { notice, available: false };
    if (build.failed) {
      throw new SgridError(
        'start_failed',
        `sample ${sample.manifest.spec.name} could not be built: ${notice}`,
        {
          hint: `run ${join(sample.directory, 'build.sh')} by hand to see more`,
          cause: build,
        },
      );
    }
    await create({ file: archive, gzip: true, cwd: stage, portable: true }, await readdir(stage));
    return { notice, available: true };
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}
