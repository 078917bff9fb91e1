import { password } from "@latchkey/core/password";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Call, requestTo } from "../fixtures/requests.ts";
import {
  ANN,
  cheapHasher,
  cheapPassword,
  openSecureServer,
  openServer,
  type TestServer,
} from "../fixtures/server.ts";

const EVIL = "https://spa.example.org";

async function said(server: TestServer, path: string, call: Call): Promise<string> {
  const response = await server.send(path, { method: "POST", ...call });
  const { error, message } = await response.json();
  return `${response.status} ${error}: ${message}`;
}

const text = (body: string | Uint8Array, type: string, more = {}): Call => ({
  body,
  headers: { "content-type": type, ...more },
});
const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";
const TYPES = "Send the body with the Content-Type";

const BODIES: readonly (readonly [title: string, path: string, call: Call, answer: string])[] = [
  [
    "of another type",
    "/auth/login",
    text("<a/>", "text/xml"),
    `415 unsupported_media_type: ${TYPES} application/json or application/x-www-form-urlencoded, in UTF-8.`,
  ],
  [
    "of a form where only JSON is read",
    "/auth/oauth/exchange",
    text("code=x", FORM_TYPE),
    `415 unsupported_media_type: ${TYPES} application/json, in UTF-8.`,
  ],
  [
    "that is compressed",
    "/auth/login",
    text("{}", JSON_TYPE, { "content-encoding": "gzip" }),
    "415 unsupported_media_type: The body is compressed: send it without Content-Encoding.",
  ],
  ["that is no JSON", "/auth/login", text("{", JSON_TYPE), "400 invalid_request: The body is not JSON."],
  [
    "that is a list",
    "/auth/login",
    text("[]", JSON_TYPE),
    "400 invalid_request: The body is not a JSON object.",
  ],
  [
    "that is no UTF-8",
    "/auth/login",
    text(new Uint8Array([0xff]), JSON_TYPE),
    "400 invalid_request: The body is not UTF-8 text without a byte order mark.",
  ],
  [
    "of a form with a field twice",
    "/auth/login",
    text("email=a&email=b", FORM_TYPE),
    "400 invalid_request: The body is not a form whose fields each occur once.",
  ],
  [
    "that is too large",
    "/auth/login",
    text(`"${"x".repeat(20_000)}"`, JSON_TYPE),
    "413 payload_too_large: The request body is too large: send at most 16384 bytes.",
  ],
  [
    "without a password",
    "/auth/login",
    { body: { email: ANN.email } },
    "400 invalid_request: The body needs email and password.",
  ],
  [
    "with a malformed e-mail",
    "/auth/login",
    { body: { ...ANN, email: "ann" } },
    "400 invalid_request: The e-mail is malformed.",
  ],
];

describe("a body", () => {
  it.each(BODIES)("%s is answered by what to send instead", async (_, path, call, answer) => {
    expect(await said(openServer(), path, call)).toBe(answer);
  });
});

const AT_LEAST = (count: number): string =>
  `422 weak_password: The password is too short: use at least ${count} characters.`;
const COMMON = "422 weak_password: The password is among the most common ones: choose another.";

describe("a sign-up", () => {
  it("names the configured minimum of a password", async () => {
    const server = openServer({ providers: [password({ minLength: 15, hasher: cheapHasher })] });
    const short = { ...ANN, password: "fourteen chars" };
    expect(await said(server, "/auth/signup", { body: short })).toBe(AT_LEAST(15));
    expect(await said(openServer(), "/auth/signup", { body: { ...ANN, password: "short" } })).toBe(
      AT_LEAST(8),
    );
    await expect(server.auth.users.create(short)).rejects.toThrow("use at least 15 characters");
  });

  it("says what is wrong with a password of enough characters", async () => {
    const server = openServer();
    const body = { ...ANN, password: "password1" };
    expect(await said(server, "/auth/signup", { body })).toBe(COMMON);
    const similar = { email: "annabelle@example.com", password: "annabelle@example.com1" };
    expect(await said(server, "/auth/signup", { body: similar })).toBe(
      "422 weak_password: The password is too similar to the e-mail: choose another.",
    );
    const byName = openServer({ providers: [cheapPassword("username")] });
    expect(
      await said(byName, "/auth/signup", { body: { username: "annabelle", password: "annabelle1" } }),
    ).toBe("422 weak_password: The password is too similar to the username: choose another.");
  });

  it("names the identifier by its kind", async () => {
    const byMail = openServer();
    await byMail.signedIn();
    expect(await said(byMail, "/auth/signup", { body: ANN })).toBe(
      "409 identifier_taken: An account with this e-mail exists already.",
    );
    const byName = openServer({ providers: [cheapPassword("username")] });
    const bad = { username: "a b", password: ANN.password };
    expect(await said(byName, "/auth/signup", { body: bad })).toBe(
      "400 invalid_request: The username is malformed.",
    );
    await expect(byMail.auth.users.create({ email: "x" })).rejects.toThrow("The e-mail is malformed.");
    await expect(byMail.auth.users.create({ username: "a b" })).rejects.toThrow("The username is malformed.");
  });
});

afterEach(() => void vi.restoreAllMocks());

function warnings(): readonly string[] {
  const lines: string[] = [];
  vi.spyOn(console, "warn").mockImplementation((line: string) => void lines.push(line));
  return lines;
}

const from = (headers: Readonly<Record<string, string>>): Call => ({ body: ANN, headers });
const GENERAL = "403 csrf_rejected: The request comes from an origin that is not trusted.";

describe("a request from an origin that is not trusted", () => {
  const advice = (origin: string, own: string): string =>
    `The request comes from ${origin}, and this server is ${own}: to let it in, add it to trustedOrigins.`;

  it.each([
    ["without baseURL", openServer()],
    ["with a baseURL at localhost", openServer({ baseURL: "http://localhost:3000" })],
  ])("is answered at localhost by the origin and the option, %s", async (_, server) => {
    const own = "http://localhost:3000";
    const lines = warnings();
    expect(await said(server, "/auth/login", from({ origin: EVIL }))).toBe(
      `403 csrf_rejected: ${advice(EVIL, own)}`,
    );
    expect(await said(server, "/auth/login", from({ referer: `${EVIL}/page?token=x` }))).toBe(
      `403 csrf_rejected: ${advice(EVIL, own)}`,
    );
    const call = from({ origin: EVIL, cookie: "latchkey.access.3000=x" });
    const found = await server.auth.validate(requestTo("/", { method: "POST", ...call }, own));
    expect(found.ok ? null : await found.response().json()).toEqual({
      error: "csrf_rejected",
      message: advice(EVIL, own),
    });
    expect(lines).toEqual([]);
  });

  it.each([
    "null",
    "javascript:alert(1)",
    "data:text/html,x",
    "<script>alert(1)</script>",
    `https://${"x".repeat(300)}.example`,
    `https://a.example/${"x".repeat(5_000)}`,
  ])("does not show an Origin that is no origin: %s", async (origin) => {
    const call = from({ origin, "sec-fetch-site": "cross-site" });
    expect(await said(openServer(), "/auth/login", call)).toBe(
      "403 csrf_rejected: The request comes from another site, and does not name its origin.",
    );
  });

  it("is named once in the log in production, and not in the answer", async () => {
    const lines = warnings();
    const server = openSecureServer({ rateLimit: false });
    for (let time = 0; time < 3; time++) {
      expect(await said(server, "/auth/login", from({ origin: EVIL }))).toBe(GENERAL);
    }
    expect(lines).toEqual([`latchkey: ${advice(EVIL, "https://app.example.com")}`]);
  });

  it("does not fill the log with made-up origins", async () => {
    const lines = warnings();
    const server = openSecureServer({ rateLimit: false });
    for (let index = 0; index < 200; index++) {
      await server.send("/auth/login", { method: "POST", ...from({ origin: `https://a${index}.example` }) });
    }
    await server.send("/auth/login", { method: "POST", ...from({ origin: "null" }) });
    expect(lines).toHaveLength(32);
  });
});
