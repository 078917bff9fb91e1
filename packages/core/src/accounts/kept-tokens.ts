import { open, seal } from "../keys/seal.ts";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import type { ProviderAccount, ProviderTokens } from "../users/user.ts";
import type { App } from "./app.ts";

const LABEL = "provider-tokens";

/** Stores the sealed tokens of an account if its provider has `storeTokens`. */
export async function keepTokens(app: App, account: ProviderAccount): Promise<void> {
  if (app.oauth.get(account.provider)?.provider.storeTokens !== true) return;
  const [secret] = app.sealing();
  const sealed = await seal(JSON.stringify(account.tokens), secret, LABEL, app.env.random);
  const { provider, subject } = account;
  await app.users.keepTokens({ provider, subject }, sealed);
}

/** Reads the tokens of a user's last sign-in with a provider. Returns null if none are stored. */
export async function readKeptTokens(
  app: App,
  userId: string,
  provider: string,
): Promise<ProviderTokens | null> {
  const account = (await app.users.accounts(userId)).find((linked) => linked.provider === provider);
  const sealed = account === undefined ? null : await app.users.keptTokens(account);
  const text = sealed === null ? null : await open(sealed, app.sealing(), LABEL);
  const tokens = text === null ? null : parseJson(text);
  return isTokens(tokens) ? tokens : null;
}

function isTokens(value: unknown): value is ProviderTokens {
  return isRecord(value) && typeof own(value, "accessToken") === "string";
}
