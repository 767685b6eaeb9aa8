import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Filling } from './payload.ts';

/** What `deploy.sh build` reads, besides node_modules. */
const SOURCES = [
  'cockpit',
  'master',
  'node',
  'common',
  'deploy.sh',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'LICENSE',
];
/** Fails as late as it can: after whatever is tried before the unit is started. */
const BREAKAGE = 'if (!/--version|--check-config/.test(process.argv.join())) throw new Error("broken");';

/**
 * What an operator carries to a machine, and nothing else: `v1/` has deploy.sh and the archives of all products, `v2/`
 * those of the servers in the next version, `broken/` in one after that, which does not start. No Node.js but in them.
 */
export const fillWithArchives: Filling = async (repository, root, scratch, run) => {
  const checkout = join(scratch, 'checkout');
  await mkdir(checkout);
  await run('cp', ['-a', '-t', checkout, ...SOURCES.map((name) => join(repository, name))]);
  await symlink(join(repository, 'node_modules'), join(checkout, 'node_modules'));
  const archives = join(checkout, 'dist/archives');
  const deliver = async (to: string): Promise<void> => {
    await mkdir(join(root, to));
    await run('cp', ['-t', join(root, to), join(repository, 'deploy.sh')]);
    for (const name of await readdir(archives)) await run('mv', ['-t', join(root, to), join(archives, name)]);
  };

  await run(join(checkout, 'deploy.sh'), ['build']);
  await deliver('v1');
  await raiseVersion(join(checkout, 'package.json'));
  await run(join(checkout, 'deploy.sh'), ['build', 'master', 'node']);
  await mkdir(join(root, 'broken'));
  for (const name of await readdir(archives)) {
    if (!name.endsWith('.tar.gz')) continue;
    const tree = join(scratch, 'broken');
    await mkdir(tree);
    await run('tar', ['-xzf', join(archives, name), '-C', tree, '--strip-components=1']);
    await writeFile(join(tree, 'VERSION'), '9.9.9\n');
    const entry = join(tree, 'lib/index.js');
    await writeFile(entry, `${BREAKAGE}\n${await readFile(entry, 'utf8')}`);
    await run('tar', ['-C', scratch, '-I', 'gzip -1', '-cf', join(root, 'broken', name), 'broken']);
    await rm(tree, { recursive: true });
  }
  await deliver('v2');
  await run('cp', ['-t', join(root, 'broken'), join(repository, 'deploy.sh')]);
  await cp(join(repository, 'test/vm/guest'), join(root, 'test/vm/guest'), { recursive: true });
  await rm(checkout, { recursive: true });
};

/** The next minor version, as npm-version(1) has it. */
async function raiseVersion(file: string): Promise<void> {
  const text = await readFile(file, 'utf8');
  const raised = text.replace(
    /("version": "\d+\.)(\d+)\.\d+"/,
    (_all, before: string, minor: string) => `${before}${Number(minor) + 1}.0"`,
  );
  if (raised === text) throw new Error(`${file} has no version to raise`);
  await writeFile(file, raised);
}
