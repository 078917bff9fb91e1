import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  bytes,
  cut,
  gzipBomb,
  html,
  huge,
  json,
  jsonWithMark,
  type Reply,
  redirect,
} from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { attempt, expectNothing, expectSignedIn, issue, restore } from "../fixtures/rigged-sign-in.ts";

let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterEach(() => restore(rig));
afterAll(() => rig.close());

const OF_ANOTHER = "the userinfo is of another user";

describe("OAU-13 the userinfo of another account", () => {
  it.each<[string, unknown]>([
    ["another sub", "rigged-2"],
    ["no sub", undefined],
    ["an empty sub", ""],
    ["null", null],
    ["the sub in capitals", "RIGGED-1"],
    ["a sub in a list", ["rigged-1"]],
    ["a sub with a blank", "rigged-1 "],
  ])("is refused: %s", async (_, sub) => {
    const { person } = rig;
    rig.answers.userinfo = () => json({ ...person, sub, email: "admin@example.com" });
    await expectNothing(await attempt(rig), OF_ANOTHER);
  });

  it("is refused where the sub is inherited", async () => {
    const body = '{"__proto__":{"sub":"rigged-1"},"email":"admin@example.com"}';
    rig.answers.userinfo = () => bytes(200, { "content-type": "application/json" }, body);
    await expectNothing(await attempt(rig), OF_ANOTHER);
  });
});

describe("OAU-13 a userinfo endpoint that fails", () => {
  const STATUS = "the provider answers with an unexpected status";
  const NO_JSON = "the provider's answer is no JSON";
  const FORM = { "content-type": "application/json" };
  it.each<[string, Reply, string]>([
    ["a page", html(), NO_JSON],
    ["a page that calls itself JSON", bytes(200, FORM, "<!DOCTYPE html>"), NO_JSON],
    ["a list", json([{ sub: "rigged-1" }]), NO_JSON],
    ["a text", json("rigged-1"), NO_JSON],
    ["null", json(null), NO_JSON],
    ["nothing", bytes(200, FORM), NO_JSON],
    ["JSON behind a mark", jsonWithMark({ sub: "rigged-1" }), NO_JSON],
    ["bytes that are no UTF-8", bytes(200, FORM, new Uint8Array([0x22, 0xff, 0x22])), NO_JSON],
    ["a signed answer", bytes(200, { "content-type": "application/jwt" }, "e30.e30.AAAA"), NO_JSON],
    ["no type", bytes(200, {}, '{"sub":"rigged-1"}'), NO_JSON],
    ["401", json({ error: "invalid_token" }, 401), STATUS],
    ["201 with the right body", json({ sub: "rigged-1" }, 201), STATUS],
    ["500", json({}, 500), STATUS],
    [
      "a redirect",
      redirect("https://evil.example/userinfo", 307),
      "the provider redirects where an answer belongs",
    ],
    ["10 MB", huge({ sub: "rigged-1" }), "the provider's answer is too large"],
    ["10 MB in a few kilobytes", gzipBomb({ sub: "rigged-1" }), "the provider's answer is too large"],
    ["half of an answer", cut({ sub: "rigged-1" }), "the provider cannot be reached"],
  ])("signs no user in: %s", async (_, reply, error) => {
    rig.answers.userinfo = () => reply;
    const made = await attempt(rig);
    await expectNothing(made, error);
    expect(made.net.refused).toEqual([]);
    expect(made.net.calls.every(({ redirect: mode, hasSignal }) => mode === "manual" && hasSignal)).toBe(
      true,
    );
  });
});

describe("a userinfo endpoint that withholds the profile for good", () => {
  const FORBIDDEN = { error: "insufficient_scope" };
  it.each<[string, Reply]>([
    ["403 (RFC 6750 3.1)", json(FORBIDDEN, 403)],
    ["404", json({}, 404)],
    ["a page with 404", html(404)],
    ["403 with another account, which is not read", json({ sub: "rigged-2", email: "eve@example.com" }, 403)],
  ])("leaves the ID token, which signs the user in: %s", async (_, reply) => {
    issue(rig, { claims: { name: "Ann of the ID token" } });
    rig.answers.userinfo = () => reply;
    await expectSignedIn(await attempt(rig), { email: "ann@example.com", name: "Ann of the ID token" });
  });
});

describe("OAU-16 an address that differs between ID token and userinfo", () => {
  const tell = (idToken: object, userinfo: object): void => {
    const none = { email: undefined, email_verified: undefined };
    issue(rig, { claims: { ...none, ...idToken } });
    rig.answers.userinfo = () => json({ sub: "rigged-1", ...userinfo });
  };
  const victim = "ann@example.com";
  const others = "mallory@example.com";

  it("is read from the ID token", async () => {
    tell({ email: victim, email_verified: true }, { email: others, email_verified: true });
    await expectSignedIn(await attempt(rig), { email: victim });
  });

  it.each<[string, object, object]>([
    ["the word on another", { email: victim }, { email: others, email_verified: true }],
    ["a word without an address", { email: victim }, { email_verified: true }],
    ["a word on no address", { email_verified: true }, { email: victim }],
    ["a word on one that was taken back", { email: victim, email_verified: false }, { email_verified: true }],
  ])("is not verified by %s", async (_, idToken, userinfo) => {
    tell(idToken, userinfo);
    const made = await attempt(rig);
    await expectSignedIn(made, {});
    const user = await made.server.store.users.findByAccount({ provider: "oidc", subject: "rigged-1" });
    expect(user).toMatchObject({ email: null, emailVerified: false });
  });

  it("is verified where both have the same", async () => {
    tell({ email: victim }, { email: victim, email_verified: true });
    await expectSignedIn(await attempt(rig), { email: victim });
    tell({}, { email: victim, email_verified: "true" });
    await expectSignedIn(await attempt(rig), { email: victim });
  });
});
