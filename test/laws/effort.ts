/** How many times as many cases as in the daily check: `LAWS_EFFORT=20 npx vitest run test/laws --testTimeout=0`. */
export const EFFORT = Number(process.env.LAWS_EFFORT ?? 1)
