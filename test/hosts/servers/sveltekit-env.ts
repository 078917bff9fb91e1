/** `$app/env` of SvelteKit, when requests are answered. */
export const building = false;
