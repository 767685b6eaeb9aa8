/** A stop may take its whole grace on each of many instances; the agents work side by side. */
export const COMMAND_TIMEOUT_MS = 660_000;
