import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { create } from 'tar';
import { buildSamplePackage, findSamples } from '../../cockpit/cli/local/sample-package.ts';

const SAMPLES = fileURLToPath(new URL('../services', import.meta.url));

/** Builds a version of a sample service (`web`, `native`, `java`). @returns the archive, or null where it cannot be built. */
export async function buildSample(
  name: string,
  { version, outDir }: { version: string; outDir: string },
): Promise<string | null> {
  const sample = (await findSamples(SAMPLES)).find(({ manifest }) => manifest.spec.name === name);
  if (sample === undefined) throw new Error(`there is no sample ${name} in ${SAMPLES}`);
  const archive = join(outDir, `${name}-${version}.tar.gz`);
  const { available } = await buildSamplePackage(sample, version, archive);
  return available ? archive : null;
}

/** Packs what is in a directory into a plain tar archive. */
export async function packDirectory(directory: string, archive: string): Promise<void> {
  await create({ file: archive, cwd: directory, portable: true }, await readdir(directory));
}
