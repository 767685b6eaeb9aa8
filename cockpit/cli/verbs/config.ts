import type { Command } from 'commander';
import type { CliContext } from '../program.ts';
import { registerConfigEdit } from './config-edit.ts';
import { registerConfigPublish } from './config-publish.ts';
import { registerConfigRead } from './config-read.ts';
import { registerConfigSecret } from './config-secret.ts';
import { registerConfigWrite } from './config-write.ts';

export function registerConfig(program: Command, context: CliContext): void {
  const config = program
    .command('config')
    .description('config files of services: versions, differences, secrets, and publishing them')
    .addHelpText(
      'after',
      `
A change is a version on the master, and reaches no instance until it is published. See docs/CONFIG.md.

Examples:
  sgrid config set web app.json ./app.json -m "more workers"
  sgrid config diff web
  sgrid config publish web --then restart --wait
`,
    );
  registerConfigRead(config, context);
  registerConfigWrite(config, context);
  registerConfigEdit(config, context);
  registerConfigPublish(config, context);
  registerConfigSecret(config, context);
}
