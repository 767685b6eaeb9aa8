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
/** A place in a source, and what is put there. */
type Patch = readonly [file: string, place: RegExp, text: string];

/** What the next version of a product might bring: a change of the protocol, and one of the database. */
const NEXT: readonly Patch[] = [
  ['common/protocol/version.ts', /PROTOCOL_VERSION = 1;/, 'PROTOCOL_VERSION = 2;'],
  addMigration('of_version_2'),
];
/** And one after that, which fails as late as it can: a master behind its migration, an agent behind its configuration. */
const BROKEN: readonly Patch[] = [
  addMigration('of_version_3'),
  ['master/start.ts', /opened\.push\(store\.close\);/, '$& if (now() > 0) throw new Error("broken");'],
  ['node/start.ts', /const startedAt = Date\.now\(\);/, '$& if (startedAt > 0) throw new Error("broken");'],
];

function addMigration(table: string): Patch {
  const body = `await db.schema.createTable('${table}').addColumn('x', 'integer').execute()`;
  return ['master/store/migrations/index.ts', /\n\];\n$/, `\n  async (db) => { ${body}; },$&`];
}

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
  const build = async (to: string, ...products: string[]): Promise<void> => {
    await run(join(checkout, 'deploy.sh'), ['build', '--fast', ...products]);
    await mkdir(join(root, to));
    await run('cp', ['-t', join(root, to), join(repository, 'deploy.sh')]);
    for (const name of await readdir(archives)) await run('mv', ['-t', join(root, to), join(archives, name)]);
  };

  await build('v1');
  await raiseVersion(join(checkout, 'package.json'));
  for (const patch of NEXT) await apply(checkout, patch);
  await build('v2', 'master', 'node');
  await raiseVersion(join(checkout, 'package.json'));
  for (const patch of BROKEN) await apply(checkout, patch);
  await build('broken', 'master', 'node');
  await cp(join(repository, 'test/vm/guest'), join(root, 'test/vm/guest'), { recursive: true });
  await rm(checkout, { recursive: true });
};

async function apply(checkout: string, [name, place, text]: Patch): Promise<void> {
  const file = join(checkout, name);
  const before = await readFile(file, 'utf8');
  const after = before.replace(place, text);
  if (after === before) throw new Error(`${name} has no ${place}: adapt the patch`);
  await writeFile(file, after);
}

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
