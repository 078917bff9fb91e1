/** How many forbidden words an area may still hold. A number only falls; an area that is not named holds none. */
export const ALLOWED_WORDS: Readonly<Record<string, number>> = {
  "examples/next-app": 3,
  "examples/node-hono": 11,
  "examples/react-spa": 24,
  "packages/client": 44,
  "packages/cloudflare": 16,
  "packages/core": 13,
  "packages/redis": 14,
  "packages/sql": 7,
  "packages/store-contract": 22,
  tests: 18,
};
