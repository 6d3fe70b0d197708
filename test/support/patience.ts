/** How long a test waits for what is sure to come, on a machine that has other things to do. Vitest's own second is not enough there. */
export const patiently = { timeout: 30_000 };
