import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides how far a provider is believed, and how long it is waited for. */
export const providerEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/oauth/openid.ts`,
    ["test/oauth/userinfo.test.ts"],
    [
      ["the userinfo of another user", 'String(own(claims, "sub"))', 'String(own(told, "sub"))'],
      ["userinfo replaces a claim of the ID token", "{ ...told, ...claims }", "{ ...claims, ...told }"],
      ["a verified address vouches for another", 'own(said, "email") === own(merged, "email")', "true"],
      ["a withheld userinfo is read", "if (response.status !== 200) return claims;", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/microsoft.ts`,
    ["test/oauth/microsoft.test.ts"],
    [
      ["a tenant of any form", "|| !TENANT_ID.test(tenant)) return null;", ") return null;"],
      ["consumers of a business", '(tenants === "consumers") === (tenant === CONSUMERS)', "true"],
      ["an address that its domain does not own", "return trustTenant && isMember &&", "return isMember &&"],
      ["a guest of the tenant", '&& (idp === undefined || idp === own(claims, "iss"))', ""],
      ["every tenant is trusted", "if (trustTenant && (isShared ||", "if (trustTenant && (false ||"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/github.ts`,
    ["test/oauth/github.test.ts"],
    [
      ["an address that is not primary", 'entry["primary"] === true', "true"],
      ["an address that is not verified", 'verified: primary["verified"] === true', "verified: true"],
      ["a login is the subject", 'numberOf(claims, "id")', 'String(claims["login"])'],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/discord.ts`,
    ["test/oauth/known-providers.test.ts"],
    [
      ["an address that is not verified", 'own(claims, "verified") === true', "true"],
      ["a picture at any path", "|| !AVATAR.test(avatar)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    ["test/oauth/without-pkce-and-nonce.test.ts"],
    [
      ["a missing nonce", "expected.withoutNonce === true &&", ""],
      ["a right nonce is refused where it may be missing", '&& own(claims, "nonce") === undefined', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    ["test/oauth/without-pkce-and-nonce.test.ts"],
    [["no PKCE", "withoutPkce === true ? null : flow.codeVerifier", "null"]],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/options.ts`,
    [`${CORE}/oauth/providers/options.test.ts`],
    [
      [
        "a public client without PKCE",
        "if (withoutPkce && client.clientSecret === null)",
        "if (withoutPkce && client.clientId === null)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/arctic.ts`,
    [`${CORE}/oauth/providers/arctic.test.ts`],
    [["a client of arctic without secret and PKCE", "else requireSecret(form, basic);", ""]],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/slack.ts`,
    ["test/oauth/social-providers.test.ts"],
    [["another workspace", 'own(claims, "https://slack.com/team_id") === team', "team !== null"]],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/x.ts`,
    ["test/oauth/facebook-and-x.test.ts"],
    [["an address that is not there is verified", "emailVerified: email !== null", "emailVerified: true"]],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/facebook.ts`,
    ["test/oauth/facebook-and-x.test.ts"],
    [["no proof of the secret", ", appsecret_proof: proof", ""]],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    ["test/oauth/github.test.ts"],
    [
      [
        "an outage is taken for no address",
        "WITHHELD: readonly number[] = [403, 404]",
        "WITHHELD = [403, 404, 503]",
      ],
      ["what is not optional may be withheld", "optional === true ? WITHHELD : []", "WITHHELD"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/profile.ts`,
    [`${CORE}/oauth/profile.test.ts`],
    [
      ["a picture of any scheme", 'url.protocol !== "https:" ||', ""],
      ["a picture with controls", "|| /[\\p{C}\\p{Z}]/u.test(value)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/flow.ts`,
    ["test/oauth/provider-sessions.test.ts"],
    [["a picture of any provider", "picture: pictureOf(picture)", "picture"]],
  ),
  ...editsIn(
    `${CORE}/oauth/provider-metadata.ts`,
    ["test/oauth/provider-keys.test.ts"],
    [
      ["a key set of any length", ".slice(0, MAX_KEYS)", ""],
      ["a load for every token", "if (mayWait && cache.isPaused()) return false;", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    ["test/oauth/slow-provider.test.ts"],
    [
      [
        "a provider is waited for without end",
        "fetchJson(env, target, init, timeout)",
        "fetchJson(env, target, init, 3 * timeout)",
      ],
      [
        "a provider is given up at once",
        "fetchJson(env, target, init, timeout)",
        "fetchJson(env, target, init, 0.2 * timeout)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/fetch-json.ts`,
    ["test/oauth/slow-provider.test.ts"],
    [["a late connection stays open", "abort.abort();", ""]],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/options.ts`,
    [`${CORE}/oauth/providers/options.test.ts`],
    [["a provider is waited for as long as an option says", "&& timeout >= 1 && timeout <= 60", ""]],
  ),
  ...editsIn(
    `${CORE}/password/provider.ts`,
    ["test/attacks/answer-times.test.ts"],
    [
      [
        "the time of an answer tells known users",
        "hasher.verify(normal, stored)",
        "stored !== null && hasher.verify(normal, stored)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/password/hasher.ts`,
    ["test/attacks/answer-times.test.ts"],
    [
      [
        "a cheap old hash tells known users",
        "for (const missing of derivation.missing(parsed.cost)) await derive(password, phc.salt, missing);",
        "",
      ],
      ["an unknown user takes no time", "await derive(password, new Uint8Array(SALT_LENGTH), cost);", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/password/hasher.ts`,
    [`${CORE}/password/hasher.test.ts`],
    [
      ["any password", "if (constantTimeEqual(key, phc.key)) return true;", "return true;"],
      ["a short salt", "phc.salt.length < MIN_SALT_LENGTH ||", ""],
      ["a short key", "|| phc.key.length !== KEY_LENGTH", ""],
    ],
  ),
];
