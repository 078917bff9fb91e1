import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about the answers of a provider. */
export const oauthEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    ["test/oauth/id-token-claims.test.ts"],
    [
      [
        "a foreign party",
        'if (party !== undefined && ![clientId, ...authorizedParties].some((one) => one === party)) return "refused";',
        "",
      ],
      ["an audience twice", 'if (new Set(audience).size !== audience.length) return "refused";', ""],
      ["any audience beside us", "others.every((one) => trustedAudiences.includes(one))", "true"],
      [
        "the signature of a token with several audiences",
        "response = isNarrowed ? await readSigned(env, token, server, expected.clientId) : accepted",
        "response = accepted",
      ],
      ["an old ID token", "iat > at - MAX_AGE - TOLERANCE &&", ""],
      ["an ID token of tomorrow", "iat <= at + TOLERANCE &&", ""],
      ["an ID token without a lifetime", "&& exp > iat", ""],
      [
        "any nonce",
        "expectedNonce = nonce ?? expectNoNonce",
        'expectedNonce = JSON.parse(atob(token.split(".")[1] ?? "")).nonce',
      ],
      ["any hash of the access token", "!(await isHashOf(hash, accessToken, header))", "false"],
      ["any subject", 'return isSubject(own(claims, "sub")) ? null : "subject";', "return null;"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/app-token.ts`,
    [`${CORE}/oauth/app-token.test.ts`],
    [
      [
        "a token of any app",
        "return audiences.find((one) => one === only) ?? null;",
        "return audiences[0] ?? null;",
      ],
      [
        "a token that another app asked for",
        "if (party !== undefined && !audiences.some(",
        "if (false && !audiences.some(",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/app-token.ts`,
    ["test/oauth/id-token-sign-in.test.ts"],
    [
      [
        "forged key ids ask the provider each time",
        'keys(fits, isSignedBy, "client")',
        "keys(fits, isSignedBy)",
      ],
      [
        "the hash of any nonce",
        'own(told, "nonce") === hashed ? hashed : nonce',
        'String(own(told, "nonce"))',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/logout-token.ts`,
    [`${CORE}/oauth/logout-token.test.ts`],
    [
      ["a logout token of any issuer", 'if (own(claims, "iss") !== issuer) return refuse("issuer");', ""],
      [
        "a logout token for any client",
        'if (!isForClient(own(claims, "aud"), clientId)) return refuse("audience");',
        "",
      ],
      ["an old logout token", "!isTimely(claims, at) || ", ""],
      ["an expired logout token", ' || hasExpired(own(claims, "exp"), at)', ""],
      ["a token that is no logout", 'if (!isLogout(claims)) return refuse("event");', ""],
      ["a logout token with a nonce", 'if (own(claims, "nonce") !== undefined) return refuse("nonce");', ""],
      ["a logout of no subject", 'if (sub === undefined && sid === undefined) return refuse("subject");', ""],
      ["a logout of any name", "name === undefined || isSubject(name)", "true"],
      ["a logout token without an id", 'if (!isSubject(jti)) return refuse("id");', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/logout-token.ts`,
    ["test/oauth/backchannel-logout.test.ts"],
    [
      [
        "a logout token without a signature",
        'if (!(await isSigned(token, header, keys))) throw logoutFault("signature");',
        "",
      ],
      ["a logout token with an extension", " || header.isExtended", ""],
      [
        "a logout token of any type",
        "parseHeader(segments, TYPES)",
        'parseHeader(segments, [...TYPES, "AT+JWT"])',
      ],
      ["requests for keys by any client", '    "client",\n', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    ["test/oauth/backchannel-logout.test.ts"],
    [["a logout token as an ID token", 'if (isLogout(claims)) return "id_token_form";', ""]],
  ),
  ...editsIn(
    `${CORE}/accounts/provider-logout.ts`,
    [`${CORE}/accounts/provider-logout.test.ts`],
    [
      ["a session that may be of the provider stays", 'amr.includes("fed") ? "end" : "keep"', '"keep"'],
      ["a session by password ends", 'amr.includes("fed") ? "end" : "keep"', '"end"'],
      ["sessions of another provider end", "origin.provider === provider && ", ""],
      ["sessions of another subject end", "subject === null || origin.subject === subject", "true"],
      ["other sessions of the subject end", " || origin.sid === sid", " || true"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/provider-logout.ts`,
    ["test/oauth/backchannel-stores.test.ts"],
    [
      [
        "a logout token that is used again",
        'if ((await read(app, ["used", provider, jti])) === null) return;',
        "if (jti !== null) return;",
      ],
      [
        "a sign-in during a logout of its session",
        'if (sid !== null) await write(app, ["ended", provider, sid], { lifetime: MARK_LIFETIME });',
        "",
      ],
      [
        "a sign-in during a logout of its subject",
        "if (sid === null) await app.users.update(userId, {}, { ifVersion: null, raiseVersion: true });",
        "",
      ],
      ["a logout of no one", "&& (subject !== null || sid !== null) ", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-logout.ts`,
    ["test/oauth/backchannel-logout.test.ts"],
    [
      ["any number of wrong logout tokens", "  await countAttempt(local, buckets);\n", ""],
      ["right logout tokens count", "() => giveBackAttempt(local, buckets)", "async () => undefined"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/end-session.ts`,
    ["test/oauth/sign-out.test.ts"],
    [
      [
        "a sign-out that leads anywhere",
        "const allowed = decideRedirect(",
        "const allowed = URL.parse(target, ownOrigin) ?? decideRedirect(",
      ],
      ["a hint of tokens that are not stored", "described.storeTokens ? ", "true ? "],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/token-nonce.ts`,
    [`${CORE}/oauth/token-nonce.test.ts`],
    [
      ["a nonce for another provider", "|| nonce.provider !== use.provider ", ""],
      ["a nonce for another transport", " || nonce.transport !== use.transport", ""],
      [
        "a nonce of another day",
        'if (Math.abs(use.now - nonce.startedAt) >= FLOW_LIFETIME) return "refuse";',
        "",
      ],
      ["a nonce of another browser", '|| use.held === use.provider ? "use"', '|| use.held !== "" ? "use"'],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-token.ts`,
    ["test/oauth/id-token-attacks.test.ts"],
    [
      [
        "an invitation for several users",
        "await spendInvitation(app, user.id, { created, account }, invitation);",
        "",
      ],
      ["a refused sign-in leaves its user", "await signing.catch(undo)", "await signing"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-token.ts`,
    ["test/oauth/id-token-sign-in.test.ts"],
    [
      ["a nonce that is used again", 'if (!isFirst) throw new AuthError("oauth_state_invalid");', ""],
      [
        "a nonce without a decision",
        'opened === null || decideNonce(opened, use) === "refuse"',
        "opened === null",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/oauth-token.ts`,
    ["test/oauth/id-token-sign-in.test.ts"],
    [
      [
        "ID tokens for a provider without the option",
        'if (connected.connection.identifyToken === undefined) throw new AuthError("not_found");',
        "",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    ["test/oauth/id-token-signature.test.ts"],
    [
      ["no signature", "if (!(await isSigned(response, header, server, keys)))", "if (false)"],
      ["an extension is ignored", 'if (header.isExtended) throw oauthFault("id_token_signature");', ""],
      ["any type of token", "types.includes(type.toUpperCase())", "true"],
      ["a payload that is not encoded", '|| own(members, "b64") !== undefined', ""],
      ["a key of another id", 'own(jwk, "kid") === kid)', "true)"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    [`${CORE}/oauth/id-token-signature.test.ts`],
    [
      [
        "a signature of any length",
        "signatureLength !== null && signatureLength !== header.signatureLength",
        "false",
      ],
      [
        "a private key or one for encryption",
        "(alg === undefined || alg === name) && mayVerify(jwk)",
        "(alg === undefined || alg === name)",
      ],
      ["an unsound RSA key", 'if (jwk["kty"] === "RSA" && faultOfRsa(jwk) !== null) return false;', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/origin.ts`,
    [`${CORE}/platform/origin.test.ts`],
    [
      ["any name is private", "return PRIVATE_NAME.test(host) ||", "return true ||"],
      [
        "a public address is private",
        'host.startsWith("[")) return PRIVATE_ADDRESS.test(host);',
        'host.startsWith("[")) return true;',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/validator.ts`,
    [`${CORE}/validator.test.ts`],
    [
      ["keys by http of a public name", "isOpen(url.hostname)", "(allowInsecure || isOpen(url.hostname))"],
      ["keys by http without the switch", "allowInsecure ? isPrivateHost : isLoopback", "isPrivateHost"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/providers/options.ts`,
    [`${CORE}/oauth/providers/options.test.ts`],
    [["a public internalURL by http", "&& isPrivateHost(url.hostname)", ""]],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    [`${CORE}/oauth/discovery.test.ts`],
    [
      [
        "a host that begins like the provider's",
        "rest !== null && /^(?:[/?]|$)/.test(rest)",
        "rest !== null",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/parameters.ts`,
    [`${CORE}/oauth/parameters.test.ts`],
    [
      ["an option replaces a parameter of ours", "Object.hasOwn(OWN, name.toLowerCase())", "false"],
      [
        "a parameter of ours in capitals",
        "Object.hasOwn(OWN, name.toLowerCase())",
        "Object.hasOwn(OWN, name)",
      ],
      ["a hint that comes twice", "if (more.length > 0) return null;", ""],
      ["a hint of any length or with controls", "if (!isValue(value, MAX_PASSED)) return null;", ""],
      [
        "a request replaces the configuration",
        "{ ...passed, ...configured }",
        "{ ...configured, ...passed }",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/link.ts`,
    [`${CORE}/oauth/link.test.ts`],
    [
      [
        "the account of another user",
        'return { kind: "refuse", because: "held_by_another" };',
        'return { kind: "link", userId: asker, proves: false };',
      ],
      [
        "the word of no authority proves",
        "email?.verified === true && email.authoritative",
        "email?.verified === true",
      ],
      [
        "an unverified address proves",
        "email?.verified === true && email.authoritative",
        "email?.authoritative === true",
      ],
      ["an unproved owner is linked", "proven && owner.verified && linkByEmail", "proven && linkByEmail"],
      [
        "an unproved address is linked",
        "proven && owner.verified && linkByEmail",
        "owner.verified && linkByEmail",
      ],
      ["linkByEmail is not read", "proven && owner.verified && linkByEmail", "proven && owner.verified"],
      [
        "an unverified address is kept",
        "email?.verified === true ? email.address : null",
        "email?.address ?? null",
      ],
      ["a reachable owner is a leftover", "address !== null && !owner.reachable &&", "address !== null &&"],
      [
        "a proof of another's address",
        "proven && owner?.id === userId && !owner.verified",
        "proven && owner?.verified === false",
      ],
      ["the last sign-in method goes", "left.password || left.links > 0", "true"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/link.ts`,
    [`${CORE}/oauth/email-trust.test.ts`],
    [
      ["a domain that is not listed", "if (domains.includes(domain)) return true;", "return true;"],
      ["a claim of another domain", "?.toLowerCase() === domain", "?.toLowerCase() !== undefined"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/discovery.ts`,
    [`${CORE}/oauth/discovery.test.ts`],
    [
      ["metadata of another issuer", '|| own(document, "issuer") !== issuer', ""],
      ["an endpoint without https", 'url.protocol === "http:" && issuer.startsWith("http://")', "true"],
      ["an endpoint without https on another machine", " && isLoopback(url.hostname)", ""],
      ["an endpoint with credentials", '|| url.username !== "" || url.password !== ""', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    ["test/oauth/issuer-parameter.test.ts"],
    [
      ["an answer of another issuer", "...(iss === null ? {} : { iss })", ""],
      ["an empty issuer", 'if (iss === "") throw oauthFault("issuer");', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/request.ts`,
    ["test/oauth/token-endpoint.test.ts"],
    [
      ["tokens beside an error", 'return isRecord(data) && own(data, "error") !== undefined;', ""],
      ["tokens of another type", "|| !/^bearer$/i.test(type)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/fetch-json.ts`,
    ["test/oauth/token-endpoint.test.ts"],
    [
      ["a redirect is followed", 'redirect: "manual"', 'redirect: "follow"'],
      ["an answer of any length", "readAtMost(body, MAX_ANSWER, signal)", "readAtMost(body, 1e9, signal)"],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/profile.ts`,
    ["test/attacks/store-answers.test.ts"],
    [
      [
        "an account of another provider",
        "provider: (value, provider) => value === provider",
        "provider: () => true",
      ],
      [
        "a truthy word is verified",
        'emailVerified: (value) => typeof value === "boolean"',
        "emailVerified: () => true",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/oauth/profile.ts`,
    ["test/oauth/userinfo.test.ts"],
    [["any word is verified", 'verified === true || verified === "true"', "verified !== undefined"]],
  ),
  ...editsIn(
    `${CORE}/oauth/id-token.ts`,
    [`${CORE}/oauth/id-token-signature.test.ts`],
    [["a key for another algorithm", "(alg === undefined || alg === name) &&", ""]],
  ),
];
