import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const CLIENT = `${CORE}/accounts/client.ts`;
const ATTACK = "test/attacks/client-address.test.ts";

/** What decides which address a client has, and in which limits it counts. */
export const addressEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/throttle/proxies.ts`,
    [`${CORE}/throttle/proxies.test.ts`],
    [
      [
        "a trusted address is the client",
        ": !isTrusted(client, trusted.networks);\n    if (isLast)",
        ": true;\n    if (isLast)",
      ],
      [
        "a comma in quotes divides entries",
        'if (character !== "," || inQuotes) continue;',
        'if (character !== ",") continue;',
      ],
      [
        "an entry that cannot be read is no address",
        'return address === null ? CONFLICTING : { kind: "known", address };',
        'return address === null ? UNKNOWN : { kind: "known", address };',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/address.ts`,
    [`${CORE}/throttle/address.test.ts`],
    [
      [
        "an IPv4 address in an IPv6 network",
        "if (groups.length !== address.groups.length) return false;",
        "",
      ],
      ["a network with a port", "ADDRESS_ALONE.test(text) && more.length === 0", "more.length === 0"],
      ["a prefix beyond the address", "prefix >= 0 && prefix <= bits ?", "prefix >= 0 ?"],
    ],
  ),
  ...editsIn(
    CLIENT,
    [ATTACK],
    [
      [
        "headers are believed without the option",
        "if (trusted === null) return { address: plain, isConflicting: false };",
        'if (trusted === null) return { address: headers.get("x-forwarded-for") ?? plain, isConflicting: false };',
      ],
      [
        "conflicting headers count nowhere",
        "isConflicting ? CONFLICTING : clientNetworks(address)",
        "clientNetworks(address)",
      ],
      [
        "an inherited address",
        'Object.hasOwn(host, "clientAddress") ? host.clientAddress : undefined',
        "host.clientAddress",
      ],
      [
        "the host before the option",
        "askAddress(options, request) || (clientAddress ?? null)",
        "clientAddress || askAddress(options, request)",
      ],
      ["an address of any type", 'typeof clientAddress !== "string")', "false)"],
      ["no warning of a missing address", "if (networks.length === 0) warnOnce();", ""],
      [
        "a warning with each request",
        "if (isWarned || !options.needsAddress) return;",
        "if (!options.needsAddress) return;",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/auth/schema.ts`,
    [`${CORE}/auth/config.test.ts`],
    [["every address is a proxy", "parseNetwork(text)?.prefix !== 0", "true"]],
  ),
  ...editsIn(
    "packages/hono/src/host.ts",
    ["test/hosts/hono.test.ts"],
    [
      ["the header of Cloudflare on every runtime", "if (isWorker())", "if (true)"],
      ["no address on Workers", 'c.req.header("cf-connecting-ip") ?? null', "null"],
    ],
  ),
  ...editsIn(
    "packages/cloudflare/src/host.ts",
    ["test/hosts/cloudflare.test.ts"],
    [["a header that clients write", '"cf-connecting-ip"', '"x-forwarded-for"']],
  ),
];
