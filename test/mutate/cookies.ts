import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";

/** What decides about the origin of a request, its cookies and its limits. */
export const cookieEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/csrf/decide-csrf.ts`,
    [`${CORE}/csrf/decide-csrf.test.ts`],
    [
      ["POST is safe", '["GET", "HEAD", "OPTIONS"]', '["GET", "HEAD", "OPTIONS", "POST"]'],
      ["a WebSocket of any origin", "&& !request.upgrade", ""],
      [
        "a cross-site request",
        'return trusted ? { kind: "allow", because: "trusted" } : reject("cross_site");\n    default',
        'return { kind: "allow", because: "trusted" };\n    default',
      ],
      [
        "a same-site request",
        'case "same-site":\n',
        'case "same-site":\n      return { kind: "allow", because: "trusted" };\n',
      ],
      [
        "same-origin with a foreign origin",
        'if (origin !== null && origin !== "null" && origin !== policy.ownOrigin && !trusted)\n        return reject("inconsistent");',
        "",
      ],
      [
        "a user's request with a foreign origin",
        "origin === null || origin === policy.ownOrigin || trusted",
        "true",
      ],
      [
        "a word that is not known",
        'default:\n      return reject("unknown");',
        'default:\n      return { kind: "allow", because: "user" };',
      ],
      [
        "an old browser of another site",
        'because: "trusted" } : reject("cross_site");\n}',
        'because: "trusted" } : { kind: "allow", because: "trusted" };\n}',
      ],
      ["no metadata where it is required", 'policy.requireFetchMetadata ? reject("unknown") :', ""],
      [
        "a referrer that is no URL",
        'URL.parse(referer)?.origin ?? "null"',
        "URL.parse(referer)?.origin ?? null",
      ],
      [
        "a referrer of any length",
        'if (referer.length > MAX_REFERER) return "null";',
        "if (referer.length > MAX_REFERER) return null;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/cookie.ts`,
    [`${CORE}/auth/config.test.ts`, `${CORE}/validator.test.ts`],
    [
      ["a name with the prefix __Http-", "/^__(host|secure|http)-/i", "/^__(host|secure)-/i"],
      ["a prefix in another case", "/^__(host|secure|http)-/i", "/^__(Host|Secure|Http)-/"],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/cookie.ts`,
    [`${CORE}/cookies/serialize.test.ts`],
    [
      ["a cookie for scripts", '"HttpOnly"', '""'],
      ["a value that ends the line", "!VALUE.test(value) ||", ""],
      ["a name that ends the line", "!NAME.test(place.name) ||", ""],
      ["a path that ends the line", '|| !ATTRIBUTE.test(place.path + (place.domain ?? ""))', ""],
      ["a cookie of any size", "place.name.length + value.length > MAX_SIZE", "false"],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    [`${CORE}/cookies/names.test.ts`],
    [
      ["a cookie without a prefix", "? `__Host-Http-${name}` : `__Secure-${name}`", "? name : name"],
      [
        "a cookie without Secure",
        'return !(origin.protocol === "http:" && isLoopback(origin.hostname));',
        'return origin.protocol === "https:";',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    [`${CORE}/cookies/siblings.test.ts`],
    [["a sibling sets no cookie", '!name.startsWith("__Host-") && domainsOf(host).length > 0', "false"]],
  ),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    [`${CORE}/cookies/flow-place.test.ts`],
    [
      ["a flow cookie on every site", 'crossSite && secure ? "none" : "lax"', '"none"'],
      ["no device cookie on another site", 'places.access.sameSite === "none" ? "none" : "lax"', '"lax"'],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    ["test/sessions/cookies.test.ts"],
    [
      ["no partitioned cookie", "options.partitioned && secure ? PARTITIONED : {}", "{}"],
      [
        "a twin in the same jar",
        "return partitioned ? place : { ...place, ...PARTITIONED };",
        "return place;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/response.ts`,
    ["test/sessions/cookies.test.ts"],
    [
      [
        "the unpartitioned cookie stays",
        "return [...deleteUnpartitioned(changes.map(({ place }) => place)), ...changes];",
        "return changes;",
      ],
      [
        "a rival in the other jar stays",
        "return [...twins.map(deleteCookie), ...siblings];",
        "return siblings;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/cookies.ts`,
    [`${CORE}/auth/config.test.ts`],
    [["partitioned cookies that are Lax", 'if (partitioned && sameSite !== "none") {', "if (false) {"]],
  ),
  ...editsIn(
    `${CORE}/csrf/trusted-origin.ts`,
    [`${CORE}/csrf/trusted-origin.test.ts`],
    [
      [
        "http origins of the network",
        'if (url.protocol === "http:" && !isLoopback(url.hostname)) {',
        "if (false) {",
      ],
      [
        "schemes of browsers",
        "CUSTOM_SCHEME.test(text) && !BROWSER_SCHEMES.test(text)",
        "CUSTOM_SCHEME.test(text)",
      ],
      ["origins with a path", "|| url.origin !== text", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/platform/origin.ts`,
    [`${CORE}/platform/origin.test.ts`],
    [
      ["a host that ends in localhost", 'host.endsWith(".localhost")', 'host.endsWith("localhost")'],
      ["a host that begins with 127", "/^127(\\.\\d{1,3}){3}$/", "/^127/"],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/address.ts`,
    [`${CORE}/throttle/address.test.ts`],
    [
      ["every IPv6 address is a client", "[64, 56, 48]", "[128, 56, 48]"],
      ["a mapped address is another client", "groups[5] === 0xffff", "false"],
    ],
  ),
  ...editsIn(
    `${CORE}/cookies/site.ts`,
    ["test/sessions/routes.test.ts"],
    [["any host without baseURL", "site !== null && isLoopback(site.host) ? site : null", "site"]],
  ),
  ...editsIn(
    `${CORE}/throttle/proxies.ts`,
    [`${CORE}/throttle/proxies.test.ts`],
    [
      [
        "a header of a connection that is no proxy",
        'if (trusted.kind === "networks" && !isTrusted(own, trusted.networks)) return own;',
        "",
      ],
      [
        "one of two headers that differ",
        "return isSame(first, second) ? first : CONFLICTING;",
        "return first;",
      ],
      ["an entry that a client wrote", "passed >= trusted.count", "passed > trusted.count"],
      [
        "an open quote hides an entry",
        "if (first > 0 || inQuotes) yield null;",
        "if (first > 0) yield null;",
      ],
      ["a header of any length", "Math.max(0, text.length - MAX_READ)", "0"],
      ["two nodes in one element", "more.length > 0 ? CONFLICTING : readAddress(node)", "readAddress(node)"],
    ],
  ),
  ...editsIn(
    `${CORE}/accounts/client.ts`,
    [`${CORE}/accounts/client.test.ts`],
    [
      [
        "headers are believed without an option",
        "if (trusted === null) return { address: plain, isConflicting: false };",
        "",
      ],
      [
        "contradictory headers avoid the limits",
        "isConflicting ? CONFLICTING : clientNetworks(address)",
        "clientNetworks(address)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/schema.ts`,
    [`${CORE}/auth/config.test.ts`],
    [["a cookie name with a prefix", "!hasNamePrefix(name)", "true"]],
  ),
  ...editsIn(
    `${CORE}/platform/encoding.ts`,
    [`${CORE}/platform/encoding.test.ts`],
    [
      [
        "stray bits in base64url",
        "(left === 2 ? ENDS_OF_ONE : ENDS_OF_TWO).includes(text.slice(-1))",
        "true",
      ],
      ["characters outside base64url", "left === 1 || !BASE64URL.test(text)", "left === 1"],
      ["broken UTF-8", "fatal: true", "fatal: false"],
      ["a member named __proto__", '(key === "__proto__" ? undefined : value)', "value"],
    ],
  ),
];
