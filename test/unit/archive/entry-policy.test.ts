import { expect, test } from 'vitest';
import {
  type ArchiveEntry,
  createEntryPolicy,
  DEFAULT_ARCHIVE_LIMITS,
} from '../../../common/archive/entry-policy.ts';

const entry = (path: string, over: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  path,
  type: 'File',
  sizeBytes: 1,
  mode: 0o644,
  modifiedAt: undefined,
  linkTarget: undefined,
  ...over,
});
const directory = (path: string) => entry(path, { type: 'Directory', sizeBytes: 0 });
const symlink = (path: string, linkTarget: string) => entry(path, { type: 'SymbolicLink', linkTarget });
const hardLink = (path: string, linkTarget: string) => entry(path, { type: 'Link', linkTarget });

function admitAll(...entries: ArchiveEntry[]) {
  const policy = createEntryPolicy(DEFAULT_ARCHIVE_LIMITS);
  return entries.map((each) => policy.admit(each));
}

test.each<[string, ArchiveEntry[]]>([
  ['".."', [entry('../x')]],
  ['".."', [entry('a/../../x')]],
  ['".."', [entry('a/..')]],
  ['".."', [entry('a\\..\\..'.replaceAll('\\', '/'))]],
  ['absolute', [entry('/etc/passwd')]],
  ['absolute', [entry('//x')]],
  ['absolute', [entry('C:\\x')]],
  ['NUL', [entry('a\0b')]],
  ['control character', [entry('a\x1b[2Jb')]],
  ['control character', [entry('a\nb')]],
  ['control character', [entry('a\x9b2Jb')]],
  ['not UTF-8', [entry('a\ufffdb')]],
  ['longer than 255', [entry(`a/${'é'.repeat(128)}`)]],
  ['longer than 1024', [entry(Array(300).fill('abcd').join('/'))]],
  ['CharacterDevice', [entry('null', { type: 'CharacterDevice' })]],
  ['BlockDevice', [entry('sda', { type: 'BlockDevice' })]],
  ['FIFO', [entry('pipe', { type: 'FIFO' })]],
  ['root directory', [entry('./')]],
  ['root directory', [symlink('.', 'x')]],
  ['absolute', [symlink('a', '/etc')]],
  ['out of the package', [symlink('a', '../x')]],
  ['out of the package', [symlink('d/a', '../../x')]],
  ['only in front', [symlink('d/a', 'x/../../..')]],
  ['nowhere', [symlink('a', '')]],
  ['below the symbolic link "a"', [symlink('a', 'b'), entry('a/x')]],
  ['below the symbolic link "d/a"', [symlink('d/a', '.'), entry('d/a/e/f')]],
  ['below the symbolic link "a"', [symlink('a', 'b'), directory('a/x')]],
  ['below the symbolic link "./a"'.replace('./', ''), [symlink('./a', 'b'), symlink('a//x', 'y')]],
  ['below the file "a"', [entry('a'), entry('a/x')]],
  ['file over an earlier directory', [entry('a/x'), entry('a')]],
  ['symlink over an earlier directory', [directory('a'), symlink('a', 'b')]],
  ['directory over an earlier symlink', [symlink('a', 'b'), directory('a')]],
  ['directory over an earlier file', [entry('a'), directory('a')]],
  ['no earlier file', [hardLink('a', 'b')]],
  ['no earlier file', [entry('b'), hardLink('b', './b')]],
  ['no earlier file', [directory('d'), hardLink('a', 'd')]],
  ['no earlier file', [symlink('s', 'b'), hardLink('a', 's')]],
  ['".."', [hardLink('a', '../b')]],
  ['absolute', [hardLink('a', '/etc/shadow')]],
])('refuses: %s', (problem, entries) => {
  const offending = entries.at(-1);
  expect(() => admitAll(...entries)).toThrow(
    expect.objectContaining({ code: 'package_invalid', message: expect.stringContaining(problem) }),
  );
  expect(() => admitAll(...entries)).toThrow(JSON.stringify(offending?.path.slice(0, 200)).slice(1, -1));
});

test('admits ordinary trees under plain paths', () => {
  const paths = admitAll(
    directory('./'),
    directory('./app/'),
    entry('./app//main.js'),
    entry('app/node_modules/x/cli.js', { type: 'OldFile' }),
    symlink('app/node_modules/.bin/x', '../x/cli.js'),
    symlink('current', 'app'),
    symlink('app/up', '..'),
    hardLink('copy.js', './app/main.js'),
    entry('odd name with ünicode and \\back'),
  ).map((admitted) => admitted?.path ?? null);
  expect(paths).toEqual([
    null,
    'app',
    'app/main.js',
    'app/node_modules/x/cli.js',
    'app/node_modules/.bin/x',
    'current',
    'app/up',
    'copy.js',
    'odd name with ünicode and \\back',
  ]);
});

test('a later entry of the same path is admitted, also a link over a file', () => {
  expect(() => admitAll(entry('a'), entry('a'), symlink('a', 'b'), entry('a'))).not.toThrow();
  expect(() => admitAll(directory('d'), directory('d/'))).not.toThrow();
});

test('keeps the executable bit and drops setuid, setgid, sticky and foreign write bits', () => {
  const modeOf = (mode: number | undefined, type = 'File') => {
    const [admitted] = admitAll(entry('a', { mode, type }));
    return admitted !== null && admitted !== undefined && 'mode' in admitted ? admitted.mode : null;
  };
  expect(modeOf(0o7777)).toBe(0o755);
  expect(modeOf(0o666)).toBe(0o644);
  expect(modeOf(0o111)).toBe(0o711);
  expect(modeOf(0o000)).toBe(0o600);
  expect(modeOf(undefined)).toBe(0o644);
  expect(modeOf(0o2000, 'Directory')).toBe(0o700);
});

test('the limit of entries counts the directories that paths imply', () => {
  const policy = createEntryPolicy({ maxEntries: 4, maxUnpackedBytes: 100 });
  policy.admit(entry('a/b/c'));
  policy.admit(entry('a/b/d'));
  expect(() => policy.admit(entry('a/b/e'))).toThrow('limit of 4 entries');
});

test('the limit of bytes is on the sum, and a size that is no number does not pass it', () => {
  const policy = createEntryPolicy({ maxEntries: 10, maxUnpackedBytes: 100 });
  policy.admit(entry('a', { sizeBytes: 60 }));
  policy.admit(entry('b', { sizeBytes: 40 }));
  expect(() => policy.admit(entry('c', { sizeBytes: 1 }))).toThrow('limit of 100 unpacked bytes');
  expect(() =>
    createEntryPolicy(DEFAULT_ARCHIVE_LIMITS).admit(entry('a', { sizeBytes: Number.NaN })),
  ).toThrow();
});
