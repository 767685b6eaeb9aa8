/** Contexts that share keys. */
export const FILTERED = ['nodes', 'instances', 'events', 'who'] as const;
export const TABLES = ['pulse', ...FILTERED] as const;
export const LISTS = ['deploy-list', 'deploy-releases', 'deploy-marks', 'columns'] as const;
export const PAGES = ['describe', 'capsule', 'help', 'tour'] as const;
export const CONFIRMS = ['confirm', 'deploy-confirm'] as const;
export const TEXTS = ['palette', 'filter', 'deploy-form', 'log-text', 'log-path'] as const;
export const VISITED = [...TABLES, ...PAGES, 'chart', 'logs'] as const;
export const ANYWHERE = [
  ...TABLES,
  ...PAGES,
  'chart',
  'logs',
  'deploy-list',
  'deploy-releases',
  'deploy-marks',
  'deploy-watch',
] as const;
/** What can be open over a log. */
export const LOG_PARTS = ['log-select', 'log-files', 'log-overwrite'] as const;
