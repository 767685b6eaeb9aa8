import { PassThrough } from 'node:stream';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import type { CliIo } from '../../../cockpit/cli/io.ts';
import { createProgram, runCli } from '../../../cockpit/cli/program.ts';

function createIo(): CliIo & { stdout: PassThrough } {
  return {
    env: {},
    cwd: '/',
    stdin: new PassThrough(),
    stdout: new PassThrough(),
    stderr: new PassThrough(),
    clock: Date.now,
    random: () => 0,
    distDirectory: '/',
    signal: new AbortController().signal,
  };
}

/** Every command that does something by itself, as it is typed. */
function verbsOf(command: Command, path: readonly string[] = []): string[] {
  if (command.name().startsWith('_')) return [];
  if (command.commands.length === 0) return [path.join(' ')];
  return command.commands.flatMap((each) => verbsOf(each, [...path, each.name()]));
}

const verbs = verbsOf(createProgram(createIo()));

/** Commands that only hold others: the examples in their help may be of any of these. */
function groupsOf(command: Command, path: readonly string[] = []): string[] {
  if (command.commands.length === 0) return [];
  const inner = command.commands.flatMap((each) => groupsOf(each, [...path, each.name()]));
  return path.length === 0 ? inner : [path.join(' '), ...inner];
}

const groups = groupsOf(createProgram(createIo()));

test.each(groups)('sgrid %s --help shows what its commands do', async (group) => {
  const io = createIo();
  expect(await runCli([...group.split(' '), '--help'], io)).toBe(0);
  const [, examples = ''] = String(io.stdout.read()).split(/^Examples?:\n/m);
  const used = examples.split('\n').flatMap((line) => line.split(`sgrid ${group} `)[1]?.split(' ')[0] ?? []);
  expect(used).not.toEqual([]);
  for (const verb of used)
    expect([...verbs, ...groups].some((each) => each.startsWith(`${group} ${verb}`))).toBe(true);
});

test('help is a command too, of sgrid as of its groups', async () => {
  for (const [argv, usage] of [
    [['help'], 'Usage: sgrid [options] [command]'],
    [['help', 'deploy'], 'Usage: sgrid deploy '],
    [['config', 'help', 'set'], 'Usage: sgrid config set '],
  ] as const) {
    const io = createIo();
    expect(await runCli(argv, io)).toBe(0);
    expect(String(io.stdout.read())).toContain(usage);
  }
});

test('the verbs are found', () => {
  expect(verbs).toEqual(expect.arrayContaining(['get', 'deploy', 'config diff', 'node drain']));
});

test.each(verbs)('sgrid %s --help says what it does, and shows it', async (verb) => {
  const io = createIo();
  expect(await runCli([...verb.split(' '), '--help'], io)).toBe(0);
  const help = String(io.stdout.read());
  const [usage = '', , description = ''] = help.split('\n');
  expect(usage).toMatch(new RegExp(`^Usage: sgrid ${verb}\\b`));
  expect(description).not.toBe('');
  const [, examples = ''] = help.split(/^Examples?:\n/m);
  expect(examples).toMatch(new RegExp(`^ {2}.*sgrid ${verb}\\b`, 'm'));
});

/** Every line of the examples is taken apart by the commands themselves, as far as the verb. */
test('-m is --message wherever there is one, as in git', () => {
  const optionsOf = (command: Command): string[] => [
    ...command.options.map(({ flags }) => flags),
    ...command.commands.flatMap(optionsOf),
  ];
  const messages = optionsOf(createProgram(createIo())).filter((flags) => flags.includes('--message'));
  expect(messages.length).toBeGreaterThan(7);
  expect(new Set(messages)).toEqual(new Set(['-m, --message <text>']));
});

test.each(verbs)('the options in the examples of sgrid %s exist', async (verb) => {
  const io = createIo();
  await runCli([...verb.split(' '), '--help'], io);
  const help = String(io.stdout.read());
  const [synopsis = '', examples = ''] = help.split(/^Examples?:\n/m);
  const own = examples.split('\n').flatMap((line) => line.split(`sgrid ${verb}`)[1] ?? []);
  const used = own.flatMap((text) => text.split(/[|><;]/)[0]?.match(/(?<=\s)--[a-z][a-z-]+/g) ?? []);
  for (const option of used) expect(synopsis).toContain(option);
});
