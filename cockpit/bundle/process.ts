/**
 * Stands for `node:process` in the bundle, with the names that packages import from it. Importing the real one reads every
 * property of `process`, of which `allowedNodeEnvironmentFlags` alone takes 7 ms of a start.
 */
export const { cwd, env, execArgv, execPath, hrtime, platform } = process;
export default process;
