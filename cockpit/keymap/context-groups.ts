/** Contexts that share keys. */
export const FILTERED = [
  'nodes',
  'instances',
  'events',
  'services',
  'releases',
  'rollouts',
  'registry',
  'tokens',
  'who',
  'config',
  'config-file',
] as const;
/** Where a row is an instance, or stands for some. */
export const ACTING = ['instances', 'describe', 'services'] as const;
export const TABLES = ['pulse', ...FILTERED] as const;
export const LISTS = ['deploy-list', 'deploy-releases', 'deploy-marks', 'columns'] as const;
export const PAGES = [
  'describe',
  'capsule',
  'help',
  'tour',
  'release-diff',
  'rollout',
  'config-text',
  'config-diff',
  'config-review',
  'config-service',
] as const;
export const CONFIRMS = ['confirm', 'confirm-rollout'] as const;
export const TEXTS = [
  'palette',
  'filter',
  'deploy-form',
  'log-text',
  'log-path',
  'form',
  'confirm-name',
] as const;
export const VISITED = [...TABLES, ...PAGES, 'chart', 'logs'] as const;
export const ANYWHERE = [
  ...TABLES,
  ...PAGES,
  'chart',
  'logs',
  'deploy-list',
  'deploy-releases',
  'deploy-marks',
] as const;
/** What can be open over a log. */
export const LOG_PARTS = ['log-select', 'log-files', 'log-overwrite'] as const;
