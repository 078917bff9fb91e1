import { github, oidc } from "@latchkey/core/oauth";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type LocalServer, openLocalServer } from "../fixtures/local-server.ts";
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
import type { Recorded } from "../fixtures/providers/rigged-endpoints.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { attempt, CLIENT, expectNothing, expectSignedIn, restore } from "../fixtures/rigged-sign-in.ts";

const STATUS = "the provider answers with an unexpected status";
const NO_JSON = "the provider's answer is no JSON";
const REFUSED = "the provider refuses the code";
const MALFORMED = "the provider's token answer is malformed";
const TOO_LARGE = "the provider's answer is too large";
const TYPE = { "content-type": "application/json" };

let rig: RiggedProvider;
let thief: LocalServer;
let stolen = 0;

beforeAll(async () => {
  rig = await startRiggedProvider();
  thief = await openLocalServer();
  thief.listen((_, response) => {
    stolen++;
    json({ access_token: "provider-access", token_type: "Bearer" })(response);
  });
});
afterEach(() => restore(rig));
afterAll(() => Promise.all([rig.close(), thief.close()]));

/** The right answer, with changes. */
function answer(changes: object): (request: Recorded) => Promise<Reply> {
  return async (request) => {
    const tokens = await bodyOf(request);
    return json({ ...tokens, ...changes });
  };
}

async function bodyOf(request: Recorded): Promise<object> {
  let body = "{}";
  const reply = await rig.defaults.token(request);
  const sink = {
    setHeader: () => undefined,
    writeHead: () => undefined,
    end: (text: string) => (body = text),
  };
  Reflect.apply(reply, undefined, [sink]);
  return JSON.parse(body);
}

/** Refused after one token call, and before anything else is asked for. */
async function expectStopped(error: string): Promise<void> {
  const made = await attempt(rig);
  await expectNothing(made, error);
  expect(made.net.calls.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    "GET /.well-known/openid-configuration",
    "POST /token",
  ]);
  expect(made.net.calls.every(({ redirect: mode, hasSignal }) => mode === "manual" && hasSignal)).toBe(true);
}

describe("OAU-14 a token endpoint that redirects", () => {
  it.each([301, 302, 303, 307, 308, 300, 304])(
    "gets no code and no secret at the target of a redirect with %d",
    async (status) => {
      rig.answers.token = () => redirect(`${thief.origin}/token`, status);
      await expectStopped("the provider redirects where an answer belongs");
      expect(stolen).toBe(0);
    },
  );
});

describe("OAU-14 a token endpoint with an unexpected answer", () => {
  const right = { access_token: "provider-access", token_type: "Bearer", id_token: "eyJ.e30.AAAA" };
  it.each<[string, Reply, string]>([
    ["201", json(right, 201), STATUS],
    ["202", json(right, 202), STATUS],
    ["206", json(right, 206), STATUS],
    ["204", bytes(204, TYPE), STATUS],
    ["403", json(right, 403), STATUS],
    ["404", json(right, 404), STATUS],
    ["429", json({ error: "slow_down" }, 429), STATUS],
    ["500", json({ error: "server_error" }, 500), STATUS],
    ["503 with a page", html(503), NO_JSON],
    ["400", json({ error: "invalid_grant" }, 400), REFUSED],
    ["401", json({ error: "invalid_client" }, 401), REFUSED],
    ["400 with tokens", json(right, 400), REFUSED],
    ["401 without an error", json({}, 401), REFUSED],
    ["a page", html(), NO_JSON],
    ["a page that calls itself JSON", bytes(200, TYPE, "<!DOCTYPE html>"), REFUSED],
    [
      "JSON that calls itself a page",
      bytes(200, { "content-type": "text/html" }, JSON.stringify(right)),
      NO_JSON,
    ],
    [
      "JSON that calls itself text",
      bytes(200, { "content-type": "text/plain" }, JSON.stringify(right)),
      NO_JSON,
    ],
    ["JSON that calls itself nothing", bytes(200, {}, JSON.stringify(right)), NO_JSON],
    [
      "JSON for a script",
      bytes(200, { "content-type": "application/jsonp" }, JSON.stringify(right)),
      NO_JSON,
    ],
    [
      "a form",
      bytes(200, { "content-type": "application/x-www-form-urlencoded" }, "access_token=x"),
      NO_JSON,
    ],
    ["JSON behind a mark", jsonWithMark(right), NO_JSON],
    ["bytes that are no UTF-8", bytes(200, TYPE, new Uint8Array([0x7b, 0xff, 0x7d])), NO_JSON],
    ["UTF-16", bytes(200, TYPE, Buffer.from(JSON.stringify(right), "utf16le")), REFUSED],
    ["nothing", bytes(200, TYPE), REFUSED],
    ["null", json(null), REFUSED],
    ["a text", json("provider-access"), REFUSED],
    ["a list", json([right]), REFUSED],
    ["an empty object", json({}), MALFORMED],
    ["10 MB", huge(right), TOO_LARGE],
    ["10 MB in a few kilobytes", gzipBomb(right), TOO_LARGE],
    ["half of an answer", cut(right), "the provider cannot be reached"],
    ["a broken connection", (response) => void response.destroy(), "the provider cannot be reached"],
  ])("signs no user in: %s", async (_, reply, error) => {
    rig.answers.token = () => reply;
    await expectStopped(error);
  });
});

describe("OAU-14 a token response", () => {
  it.each<[string, object, string]>([
    ["no access token", { access_token: undefined }, MALFORMED],
    ["an empty one", { access_token: "" }, MALFORMED],
    ["a number", { access_token: 7 }, MALFORMED],
    ["null", { access_token: null }, MALFORMED],
    ["a list", { access_token: ["provider-access"] }, MALFORMED],
    ["another type", { token_type: "mac" }, MALFORMED],
    ["DPoP", { token_type: "DPoP" }, MALFORMED],
    ["a type that begins right", { token_type: "Bearer " }, MALFORMED],
    ["an empty type", { token_type: "" }, MALFORMED],
    ["a type that is a number", { token_type: 1 }, MALFORMED],
    ["a type in a list", { token_type: ["Bearer"] }, MALFORMED],
    ["an error beside the tokens", { error: "access_denied" }, REFUSED],
    ["an error that is no text", { error: { code: 7 } }, REFUSED],
    ["an error that is null", { error: null }, REFUSED],
    ["an error that is false", { error: false }, REFUSED],
  ])("signs no user in with %s", async (_, changes, error) => {
    rig.answers.token = answer(changes);
    await expectStopped(error);
  });

  it("signs no user in where no header could carry its access token", async () => {
    for (const token of ["provider\r\nx: y", "provider\u0000", "provider 中"]) {
      rig.answers.token = answer({ access_token: token });
      rig.idToken = (right) => rig.mint({ claims: { ...right, at_hash: undefined } });
      await expectNothing(await attempt(rig), "the provider cannot be reached");
    }
  });

  it.each<[string, object]>([
    ["bearer in small letters", { token_type: "bearer" }],
    ["no type", { token_type: undefined }],
    ["a lifetime that is none", { expires_in: "soon" }],
    ["a lifetime of the past", { expires_in: -1 }],
    ["members called __proto__", JSON.parse('{"__proto__":{"error":"x"},"constructor":1}')],
  ])("signs its user in with %s", async (_, changes) => {
    rig.answers.token = answer(changes);
    await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
  });

  it("signs its user in as application/json with a charset, and in upper case", async () => {
    for (const type of ["application/json;charset=UTF-8", "APPLICATION/JSON", "application/token+json"]) {
      rig.answers.token = async (request) =>
        bytes(200, { "content-type": type }, JSON.stringify(await bodyOf(request)));
      await expectSignedIn(await attempt(rig), { email: "ann@example.com" });
    }
  });
});

describe("OAU-14 tokens that are stored", () => {
  const options = { storeTokens: true, ...CLIENT };
  const LONG = "x".repeat(66_000);

  it.each<[string, object]>([
    ["access token", { access_token: LONG }],
    ["refresh token", { refresh_token: LONG }],
    ["scope", { scope: LONG }],
    ["ID token that is not read", { id_token: LONG }],
    ["text of wide characters", { scope: "中".repeat(22_000) }],
    ["text that JSON makes longer", { scope: "\u0001".repeat(11_000) }],
  ])("let no sign-in succeed with a very long %s", async (_, changes) => {
    rig.answers.githubToken = () =>
      json({ access_token: "provider-access", token_type: "bearer", ...changes });
    const made = await attempt(rig, { provider: github(options) });
    await expectNothing(made, MALFORMED);
    expect(made.net.calls).toHaveLength(1);
  });

  it("fit into every store, at their longest", async () => {
    rig.answers.token = answer({ refresh_token: "y".repeat(30_000), scope: "z".repeat(30_000) });
    const made = await attempt(rig, { provider: oidc({ issuer: rig.issuer, ...options }) });
    await expectSignedIn(made, {});
    const kept = await made.server.store.users.keptTokens({ provider: "oidc", subject: "rigged-1" });
    expect(kept?.length).toBeLessThan(100_000);
    expect(kept).not.toContain("yyyy");
    const { id } = await (await made.browser.get("/auth/me")).json();
    const tokens = await made.server.auth.users.providerTokens(id, "oidc");
    expect(tokens?.refreshToken).toBe("y".repeat(30_000));
  });
});

it("OAU-14 neither secret, code nor verifier is revealed where the provider repeats them", async () => {
  rig.answers.token = ({ body, headers }) =>
    json({ error: body, error_description: headers.authorization }, 400);
  const made = await attempt(rig);
  await expectNothing(made, REFUSED);
  const [request] = rig.requestsTo("token").slice(-1);
  const told = JSON.stringify([made.server.events, [...made.response.headers]]);
  for (const name of ["code", "code_verifier"]) expect(told).not.toContain(request?.form.get(name));
  expect(told).not.toContain(CLIENT.clientSecret);
});
