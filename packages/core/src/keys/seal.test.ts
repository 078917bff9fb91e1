import { describe, expect, it } from "vitest";
import { open, seal, sealer } from "./seal.ts";

const [NEW, OLD] = ["a secret of the newest kind, 32 bytes", "a secret of an older kind, 32 bytes"];
const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length));

describe("a sealed text", () => {
  it("is opened for its own purpose alone", async () => {
    const sealed = await seal("text", NEW, "one", random);
    expect(await open(sealed, [NEW], "one")).toBe("text");
    expect(await open(sealed, [NEW], "two")).toBeNull();
  });

  it("is opened by its own secret, which may be an older one", async () => {
    const sealed = await seal("text", OLD, "one", random);
    expect(await open(sealed, [NEW], "one")).toBeNull();
    expect(await open(sealed, [NEW, OLD], "one")).toBe("text");
  });

  it("is opened by no other secret, also after a sealer has used its own", async () => {
    const kept = sealer("one");
    const sealed = await kept.seal("text", OLD, random);
    expect(await kept.open(sealed, [OLD])).toBe("text");
    expect(await kept.open(sealed, [NEW])).toBeNull();
    expect(await kept.open(await kept.seal("text", NEW, random), [OLD])).toBeNull();
    expect(await open(sealed, [OLD], "one")).toBe("text");
  });

  it("has a random nonce of 12 bytes", async () => {
    const asked: number[] = [];
    const drawn = (length: number): Uint8Array => {
      asked.push(length);
      return random(length);
    };
    const texts = await Promise.all([1, 2].map(() => seal("text", NEW, "one", drawn)));
    expect(asked).toEqual([12, 12]);
    expect(texts[0]?.slice(0, 16)).not.toBe(texts[1]?.slice(0, 16));
  });

  it("is not opened after a change of any byte", async () => {
    const sealed = Buffer.from(await seal("text", NEW, "one", random), "base64url");
    for (let at = 0; at < sealed.length; at++) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      expect(await open(changed.toString("base64url"), [NEW], "one"), `byte ${at}`).toBeNull();
    }
  });
});
