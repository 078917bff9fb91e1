import { describe, expect, it } from "vitest";
import { memory } from "../memory.ts";
import { toBase64url } from "../platform/encoding.ts";
import type { SlotToken, TokenStore } from "../users/one-time-token.ts";
import {
  issueMailCode,
  issueMailToken,
  issueUndoToken,
  MAIL_LIFETIMES,
  type MailGrant,
  type MailPurpose,
  readMailSlot,
  readMailToken,
  redeemMailCode,
  redeemMailToken,
} from "./mail-token.ts";

const START = 1_700_000_000;
const PURPOSES = Object.keys(MAIL_LIFETIMES) as MailPurpose[];
const GRANT: MailGrant = {
  purpose: "reset",
  subject: "a@example.com",
  userId: "u1",
  data: { credentialsVersion: 3 },
};
const INVALID = { code: "mail_token_invalid" };

interface Rig {
  readonly env: { clock: () => number; random: (length: number) => Uint8Array; fetch: typeof fetch };
  readonly tokens: TokenStore;
  readonly filled: SlotToken[];
  secrets: [string, ...string[]];
  now: number;
  sealing(): readonly [string, ...string[]];
}

function rig(): Rig {
  const { tokens } = memory();
  const filled: SlotToken[] = [];
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));
  const made: Rig = {
    env: { clock: () => made.now * 1_000, random, fetch },
    tokens: {
      ...tokens,
      fillSlot(token) {
        filled.push(token);
        return tokens.fillSlot(token);
      },
    },
    filled,
    secrets: ["newest-secret-of-at-least-32-bytes"],
    now: START,
    sealing: () => made.secrets,
  };
  return made;
}

/** Random bytes that are fixed for draws of four bytes, which are those of codes. */
function drawing(made: Rig, ...draws: readonly number[]): Rig {
  const left = [...draws];
  const random = (length: number): Uint8Array => {
    const bytes = new Uint8Array(length);
    new DataView(bytes.buffer).setUint32(0, left.shift() ?? 0);
    return bytes;
  };
  return { ...made, env: { ...made.env, random } };
}

describe("a token of a link", () => {
  it("is 86 characters of base64url, and redeems its grant once", async () => {
    const app = rig();
    const { token, expiresAt } = await issueMailToken(app, GRANT);
    expect(token).toMatch(/^[A-Za-z0-9_-]{86}$/);
    expect(expiresAt).toBe(START + 3_600);
    expect(await readMailToken(app, "reset", token)).toMatchObject({ userId: "u1", data: GRANT.data });
    expect(await redeemMailToken(app, "reset", token)).toMatchObject({ userId: "u1", data: GRANT.data });
    await expect(redeemMailToken(app, "reset", token)).rejects.toMatchObject(INVALID);
    await expect(readMailToken(app, "reset", token)).rejects.toMatchObject(INVALID);
  });

  it("is in the store as digests, with nothing of its secret half or of the address", async () => {
    const app = rig();
    const { token } = await issueMailToken(app, { ...GRANT, data: {} });
    const stored = JSON.stringify(app.filled);
    const bytes = Buffer.from(token, "base64url");
    expect(bytes.length).toBe(64);
    expect(stored).toContain(toBase64url(bytes.subarray(0, 32)));
    expect(stored).not.toContain(toBase64url(bytes.subarray(32)));
    expect(stored).not.toContain("a@example.com");
  });

  it.each(PURPOSES)("of the purpose %s expires after its lifetime", async (purpose) => {
    const app = rig();
    const { token, expiresAt } = await issueMailToken(app, { ...GRANT, purpose });
    expect(expiresAt - START).toBe(MAIL_LIFETIMES[purpose]);
    app.now = expiresAt - 1;
    expect(await readMailToken(app, purpose, token)).toMatchObject({ purpose });
    app.now = expiresAt;
    await expect(readMailToken(app, purpose, token)).rejects.toMatchObject(INVALID);
    await expect(redeemMailToken(app, purpose, token)).rejects.toMatchObject(INVALID);
  });

  it("is valid for its own purpose only, and stays valid for it", async () => {
    for (const purpose of PURPOSES) {
      const app = rig();
      const { token } = await issueMailToken(app, { ...GRANT, purpose });
      for (const other of PURPOSES.filter((each) => each !== purpose)) {
        await expect(readMailToken(app, other, token)).rejects.toMatchObject(INVALID);
      }
      expect(await redeemMailToken(app, purpose, token)).toMatchObject({ purpose });
    }
  });

  it("has a slot of its own for every purpose and subject, so only a newer one of both replaces it", async () => {
    const app = rig();
    const first = await issueMailToken(app, GRANT);
    const other = await issueMailToken(app, { ...GRANT, subject: "b@example.com" });
    const verify = await issueMailToken(app, { ...GRANT, purpose: "verify" });
    const newer = await issueMailToken(app, GRANT);
    expect(new Set(app.filled.map(({ slot }) => slot)).size).toBe(3);
    await expect(readMailToken(app, "reset", first.token)).rejects.toMatchObject(INVALID);
    expect(await readMailToken(app, "reset", other.token)).toMatchObject({ purpose: "reset" });
    expect(await readMailToken(app, "verify", verify.token)).toMatchObject({ purpose: "verify" });
    expect(await readMailToken(app, "reset", newer.token)).toMatchObject({ purpose: "reset" });
  });

  it("is refused with the secret half of another slot", async () => {
    const app = rig();
    const one = await issueMailToken(app, GRANT);
    const other = await issueMailToken(app, { ...GRANT, subject: "b@example.com" });
    const halves = [one, other].map(({ token }) => Buffer.from(token, "base64url"));
    const mixed = Buffer.concat([
      halves[0]?.subarray(0, 32) ?? [],
      halves[1]?.subarray(32) ?? [],
    ] as Buffer[]);
    await expect(readMailToken(app, "reset", toBase64url(mixed))).rejects.toMatchObject(INVALID);
    await expect(redeemMailToken(app, "reset", toBase64url(mixed))).rejects.toMatchObject(INVALID);
    expect(await redeemMailToken(app, "reset", one.token)).toMatchObject({ purpose: "reset" });
  });

  it.each([
    "",
    "a",
    "=".repeat(86),
    "é".repeat(86),
    "A".repeat(85),
    "A".repeat(88),
    "A".repeat(100_000),
    "__proto__",
  ])("is refused without a call of the store if its form is wrong: %#", async (token) => {
    const app = rig();
    const refuse = (): never => {
      throw new Error("no call is expected");
    };
    const tokens = { ...app.tokens, readSlot: refuse, redeemSlot: refuse };
    await expect(readMailToken({ ...app, tokens }, "reset", token)).rejects.toMatchObject(INVALID);
    await expect(redeemMailToken({ ...app, tokens }, "reset", token)).rejects.toMatchObject(INVALID);
  });

  it("is found by its subject, whatever its secret", async () => {
    const app = rig();
    expect(await readMailSlot(app, "undo", "u1")).toBeNull();
    await issueMailToken(app, { ...GRANT, purpose: "undo", subject: "u1", data: { email: "a@example.com" } });
    expect(await readMailSlot(app, "undo", "u1")).toMatchObject({ data: { email: "a@example.com" } });
    expect(await readMailSlot(app, "change", "u1")).toBeNull();
  });
});

describe("a code", () => {
  it("is six digits, valid once, for its address only", async () => {
    const app = rig();
    const { code, expiresAt } = await issueMailCode(app, GRANT);
    expect(code).toMatch(/^\d{6}$/);
    expect(expiresAt).toBe(START + 600);
    await issueMailCode(drawing(app, 7), { ...GRANT, subject: "b@example.com" });
    await expect(redeemMailCode(app, ["c@example.com"], code)).rejects.toMatchObject(INVALID);
    expect(await redeemMailCode(app, ["a@example.com"], code)).toMatchObject({
      purpose: "code",
      userId: "u1",
    });
    await expect(redeemMailCode(app, ["a@example.com"], code)).rejects.toMatchObject(INVALID);
  });

  it("survives four wrong tries, and the fifth ends it", async () => {
    for (const [wrong, survives] of [
      [4, true],
      [5, false],
    ] as const) {
      const app = drawing(rig(), 123_456);
      const { code } = await issueMailCode(app, GRANT);
      for (let index = 0; index < wrong; index++) {
        await expect(redeemMailCode(app, [GRANT.subject], `00000${index}`)).rejects.toMatchObject(INVALID);
      }
      const last = redeemMailCode(app, [GRANT.subject], code);
      if (survives) expect(await last).toMatchObject({ purpose: "code" });
      else await expect(last).rejects.toMatchObject(INVALID);
    }
  });

  it("takes every one of a million values from equally many of the numbers that are drawn", async () => {
    // 4,294 ranges of a million are below the bound; the rest of the 32 bits is drawn again.
    const codes = async (...draws: readonly number[]): Promise<string> =>
      (await issueMailCode(drawing(rig(), ...draws), GRANT)).code;
    expect(await codes(0)).toBe("000000");
    expect(await codes(42)).toBe("000042");
    expect(await codes(4_293_999_999)).toBe("999999");
    expect(await codes(4_294_000_000, 5)).toBe("000005");
    expect(await codes(2 ** 32 - 1, 4_294_000_001, 6)).toBe("000006");
  });

  it("is in the store under a key of the newest secret, so that a reader of the store cannot compute it", async () => {
    const digests: string[] = [];
    for (const secrets of [["one"], ["two"], ["one", "two"]] as [string, ...string[]][]) {
      const app = drawing(rig(), 123_456);
      app.secrets = secrets;
      const { code } = await issueMailCode({ ...app, sealing: () => secrets }, GRANT);
      expect(JSON.stringify(app.filled)).not.toContain(code);
      digests.push(app.filled[0]?.secret ?? "");
    }
    const [one, two, newest] = digests;
    expect(one).not.toBe(two);
    expect(newest).toBe(one);
  });

  it("has another digest for each address", async () => {
    const app = drawing(rig(), 1, 1);
    await issueMailCode(app, GRANT);
    await issueMailCode(app, { ...GRANT, subject: "b@example.com" });
    const [one, other] = app.filled;
    expect(one?.secret).not.toBe(other?.secret);
    expect(one?.tries).toBe(5);
  });

  it("is no token of a link: its slot does not open with a token", async () => {
    const app = rig();
    await issueMailCode(app, GRANT);
    const slot = Buffer.from(app.filled[0]?.slot ?? "", "base64url");
    const forged = toBase64url(Buffer.concat([slot, new Uint8Array(32)]));
    await expect(redeemMailToken(app, "code", forged)).rejects.toMatchObject(INVALID);
  });
});

describe("a token that undoes a change", () => {
  const undo = async (secrets: Rig["secrets"], userId: string, email: string): Promise<string> => {
    const app: Rig = { ...rig(), sealing: () => secrets };
    const { token } = await issueUndoToken(app, userId, email);
    expect(await redeemMailToken(app, "undo", token)).toMatchObject({ userId, data: { email } });
    return Buffer.from(token, "base64url").subarray(32).toString("hex");
  };

  it("has one secret for each user and address, under a key of the newest secret of the application", async () => {
    const one = await undo(["one"], "u1", "a@example.com");
    expect(await undo(["one", "two"], "u1", "a@example.com")).toBe(one);
    const others = await Promise.all([
      undo(["two", "one"], "u1", "a@example.com"),
      undo(["one"], "u2", "a@example.com"),
      undo(["one"], "u1", "b@example.com"),
    ]);
    expect(new Set([one, ...others]).size).toBe(4);
  });
});
