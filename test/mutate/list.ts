import { accountRouteEdits } from "./account-routes.ts";
import { accountEdits } from "./accounts.ts";
import { adapterEdits } from "./adapters.ts";
import { addressEdits } from "./addresses.ts";
import { breachedEdits } from "./breached.ts";
import { cookieEdits } from "./cookies.ts";
import type { Edit } from "./edit.ts";
import { errorEdits } from "./errors.ts";
import { feedEdits } from "./feed.ts";
import { flowEdits } from "./flows.ts";
import { httpEdits } from "./http.ts";
import { keyEdits } from "./keys.ts";
import { legacyHashEdits } from "./legacy-hashes.ts";
import { limitEdits } from "./limits.ts";
import { mailEdits } from "./mail.ts";
import { mailTokenEdits } from "./mail-tokens.ts";
import { newPasswordEdits } from "./new-passwords.ts";
import { oauthEdits } from "./oauth.ts";
import { ownUserEdits } from "./own-users.ts";
import { providerEdits } from "./providers.ts";
import { redisEdits } from "./redis.ts";
import { rotationEdits } from "./rotation.ts";
import { routeEdits } from "./routes.ts";
import { secretEdits } from "./secrets.ts";
import { sessionEdits } from "./sessions.ts";
import { signUpEdits } from "./sign-up.ts";
import { slotEdits } from "./slots.ts";
import { stepUpEdits } from "./step-up.ts";
import { storeEdits } from "./stores.ts";
import { tokenCacheEdits } from "./token-cache.ts";

/** Every edit. */
export const edits: readonly Edit[] = [
  ...sessionEdits,
  ...tokenCacheEdits,
  ...stepUpEdits,
  ...breachedEdits,
  ...rotationEdits,
  ...keyEdits,
  ...cookieEdits,
  ...httpEdits,
  ...addressEdits,
  ...limitEdits,
  ...oauthEdits,
  ...flowEdits,
  ...providerEdits,
  ...accountEdits,
  ...accountRouteEdits,
  ...signUpEdits,
  ...newPasswordEdits,
  ...mailEdits,
  ...mailTokenEdits,
  ...adapterEdits,
  ...storeEdits,
  ...ownUserEdits,
  ...redisEdits,
  ...slotEdits,
  ...secretEdits,
  ...routeEdits,
  ...errorEdits,
  ...feedEdits,
  ...legacyHashEdits,
];
