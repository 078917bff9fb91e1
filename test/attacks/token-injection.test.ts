import { describe, expect, it, vi } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { requestTo } from "../fixtures/requests.ts";
import { ACCESS, REFRESH } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { base64url, openForgery } from "./forger.ts";
import { openAttackedServer } from "./server.ts";
import { modes, present, signUp, withAccess } from "./session.ts";
import { codeOf, GOOD, REFUSED, verdictsOf } from "./verdicts.ts";

const { server, token, seal, claims } = openForgery();
const good = token();
const [head = "", payload = "", signature = ""] = good.split(".");
const LAST = signature.slice(-1);

/** The character that differs from `last` only in bits that no byte uses. */
function twin(last: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return alphabet[alphabet.indexOf(last) ^ 1] ?? "";
}

describe("injection by access tokens", () => {
  it.each([
    {},
    [],
    1,
    null,
    undefined,
    "",
    "x".repeat(65),
    "x".repeat(10_000),
    "../../x",
    "' OR 1=1",
    "__proto__",
    "constructor",
    "key-1\u0000",
    "key 1",
  ])("JWT-06 JWT-07 refuses the kid %j without a call to the store", async (name) => {
    const counting = counted(newStore());
    const own = openAttackedServer({ store: counting.store });
    const ann = await signUp(own, "bearer");
    const before = counting.calls.length;
    const header = JSON.stringify({ alg: "EdDSA", typ: "at+jwt", kid: name });
    const forged = `${base64url(header)}.${ann.access.split(".").slice(1).join(".")}`;
    expect(await verdictsOf(own, forged)).toEqual(REFUSED);
    // What has the form of a name may cost one look at the keys (JWT-05), and nothing else.
    expect(counting.calls.slice(before).filter((call) => call !== "keys.load")).toEqual([]);
    expect(await verdictsOf(server, seal(header, JSON.stringify(claims)))).toEqual(REFUSED);
  });

  it.each([
    ["two segments", `${head}.${payload}`],
    ["one segment", head],
    ["four segments", `${good}.${signature}`],
    ["an encrypted token", `${head}.a.b.c.${signature}`],
    ["a leading dot", `.${good}`],
    ["a trailing dot", `${good}.`],
    ["dots alone", ".."],
    ["an empty header", `.${payload}.${signature}`],
    ["an empty payload", `${head}..${signature}`],
    ["an empty signature", `${head}.${payload}.`],
    ["the JSON form", JSON.stringify({ payload, signatures: [{ protected: head, signature }] })],
    ["nothing", ""],
  ])("JWT-23 refuses %s", async (_, text) => {
    expect(await verdictsOf(server, text)).toEqual(REFUSED);
  });

  it.each([
    ["a last character with stray bits", `${good.slice(0, -1)}${twin(LAST)}`],
    ["padding", `${good}=`],
    ["double padding", `${good}==`],
    ["padding of the header", `${head}=.${payload}.${signature}`],
    ["a newline in the signature", `${good.slice(0, -4)}\n${good.slice(-4)}`],
    ["a space in the signature", `${good.slice(0, -4)} ${good.slice(-4)}`],
    ["a space at the end", `${good} `],
    ["a space in front", ` ${good}`],
    ["a tab at the end", `${good}\t`],
    ["a no-break space", `${good}\u00a0`],
    ["a NUL", `${good}\0`],
    ["percent encoding", good.replaceAll(".", "%2E")],
    ["quotes", `"${good}"`],
    ["the other alphabet", `${head}.${payload}.${signature.slice(0, -2)}+/`],
    ["full-width digits", good.replace(/\d/g, (digit) => String.fromCharCode(0xff10 + Number(digit)))],
  ])("JWT-24 CKP-07 CKP-08 BRR-03 refuses a second form of a good token: %s", async (_, text) => {
    expect(await verdictsOf(server, good)).toEqual(GOOD);
    const verdicts = await verdictsOf(server, text);
    // A header loses the blanks around its value before the server sees it.
    if (text.trim() !== good || text.includes("\u00a0")) expect(verdicts).toEqual(REFUSED);
    else expect(verdicts.byHand).toBe("unauthenticated");
  });

  it("JWT-24 refuses a token with any one changed character", async () => {
    for (let at = 0; at < good.length; at++) {
      const other = good[at] === "A" ? "B" : "A";
      const changed = `${good.slice(0, at)}${other}${good.slice(at + 1)}`;
      expect({ at, code: codeOf(await server.auth.sessions.verify(changed)) }).toEqual({
        at,
        code: "unauthenticated",
      });
    }
  });

  it("JWT-25 HDR-06 refuses long tokens before it parses them", async () => {
    const parse = vi.spyOn(JSON, "parse");
    try {
      expect(await verdictsOf(server, token({ context: { pad: "x".repeat(4_000) } }))).toEqual(REFUSED);
      expect(await verdictsOf(server, `${"A".repeat(1_000_000)}.${payload}.${signature}`)).toEqual(REFUSED);
      expect(parse.mock.calls.length).toBe(0);
    } finally {
      parse.mockRestore();
    }
  });

  it.each(["ed25519", "es256", "rsa"] as const)(
    "JWT-27 refuses signatures of zeros, of ones and in other formats (%s)",
    async (kind) => {
      const own = openForgery(kind);
      const text = own.token();
      const [first = "", second = "", third = ""] = text.split(".");
      const bytes = Buffer.from(third, "base64url");
      const half = bytes.length / 2;
      // RFC 7518 3.4: the order of P-256.
      const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
      const forms = [
        Buffer.alloc(bytes.length),
        Buffer.alloc(bytes.length, 0xff),
        Buffer.concat([Buffer.alloc(half), bytes.subarray(half)]),
        Buffer.concat([bytes.subarray(0, half), Buffer.alloc(half)]),
        Buffer.concat([order, order]),
        Buffer.concat([bytes, Buffer.from([0])]),
        bytes.subarray(1),
        Buffer.concat([
          Buffer.from([0x30, bytes.length + 4, 0x02, half]),
          bytes.subarray(0, half),
          Buffer.from([0x02, half]),
          bytes.subarray(half),
        ]),
      ];
      for (const form of forms) {
        expect(await verdictsOf(own.server, `${first}.${second}.${base64url(form)}`)).toEqual(REFUSED);
      }
      expect(await verdictsOf(own.server, text)).toEqual(GOOD);
    },
  );

  it("JWT-33 refuses a value that is no text, and converts none", async () => {
    const coerced = vi.fn(() => good);
    const values: readonly unknown[] = [
      undefined,
      null,
      1,
      new Uint8Array(3),
      [good],
      { toString: coerced },
      new String(good),
      Symbol("x"),
    ];
    for (const value of values) {
      expect(codeOf(await server.auth.sessions.verify(value as string))).toBe("unauthenticated");
      expect(await server.auth.sessions.refresh(value as string)).toEqual({
        ok: false,
        code: "refresh_token_invalid",
      });
    }
    expect(coerced).not.toHaveBeenCalled();
  });

  it("JWT-34 refuses every token that was not verified before when the platform's cryptography fails", async () => {
    const own = openAttackedServer();
    const { access } = await signUp(own, "bearer");
    const verify = vi.spyOn(crypto.subtle, "verify").mockRejectedValue(new Error("broken"));
    try {
      const found = await own.auth.validate(requestTo("/", { headers: withAccess("bearer", access) }));
      expect(found.ok).toBe(false);
      expect([401, 500]).toContain(found.ok ? 200 : found.status);
    } finally {
      verify.mockRestore();
    }
    expect(await verdictsOf(own, access)).toEqual(GOOD);
  });

  it.each(modes)("REF-11 JWT-09 accepts no token in the place of the other kind (%s)", async (mode) => {
    const own = openAttackedServer();
    const ann = await signUp(own, mode);
    expect(await verdictsOf(own, ann.refresh)).toEqual(REFUSED);
    expect((await present(own, mode, ann.access)).code).toBe("refresh_token_invalid");
    const swapped = requestTo("/", {
      headers: { cookie: `${ACCESS}=${ann.refresh}; ${REFRESH}=${ann.access}` },
    });
    expect(codeOf(await own.auth.validate(swapped))).toBe("refresh_token_invalid");
    expect((await present(own, mode, ann.refresh)).status).toBe(200);
  });

  it("CKP-09 calls no store for a refresh token of a wrong form", async () => {
    const counting = counted(newStore());
    const own = openAttackedServer({ store: counting.store });
    const ann = await signUp(own, "cookie");
    const before = counting.calls.length;
    for (const text of [
      "x",
      "lkr_",
      ann.refresh.slice(0, -1),
      `${ann.refresh}A`,
      ann.refresh.replace("lkr_", "LKR_"),
      `lkr_${"A".repeat(92)}`,
      `lkr_${"/".repeat(92)}`,
      "x".repeat(5_000),
    ]) {
      expect((await present(own, "cookie", text)).code).toBe("refresh_token_invalid");
      expect(await own.auth.sessions.refresh(text)).toEqual({ ok: false, code: "refresh_token_invalid" });
    }
    expect(counting.calls.slice(before)).toEqual([]);
  });
});
