import { createConfigFileHandlers } from './config-files.ts';
import { createConfigPublishHandlers } from './config-publish.ts';
import { createConfigSecretHandlers } from './config-secrets.ts';
import type { HandlerDependencies } from './context.ts';

/** Config files are written as versions, which reach instances when they are published, with secrets filled in. */
export function createConfigHandlers(deps: HandlerDependencies) {
  return {
    ...createConfigFileHandlers(deps),
    ...createConfigPublishHandlers(deps),
    ...createConfigSecretHandlers(deps),
  };
}
