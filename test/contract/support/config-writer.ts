import { replaceConfigFiles } from '../../../node/config-files/config-directory.ts';

/** Puts set after set into a directory, until it is killed: all files of one say its number. */
const [conf = '', own = '', first = '1'] = process.argv.slice(2);
const names = ['a', 'b', 'dir/c'];
for (let revision = Number(first); ; revision++) {
  const files = names.map((name) => ({ name, text: String(revision), isSecret: false }));
  await replaceConfigFiles({ conf, own }, revision, files, names, null);
  process.stdout.write(`${revision}\n`);
}
