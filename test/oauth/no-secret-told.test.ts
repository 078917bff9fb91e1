import { inspect } from "node:util";
import { type AuthEvent, createAuth, type ErrorContext } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { oidc } from "@latchkey/core/oauth";
import { afterEach, expect, test, vi } from "vitest";
import { type Browser, openBrowser } from "../fixtures/browser.ts";
import { settableClock } from "../fixtures/clock.ts";
import { begin, comeBack, flowsOf } from "../fixtures/oauth-flow.ts";
import { openServerWith, openStubServer } from "../fixtures/oauth-server.ts";
import { parametersOf } from "../fixtures/providers/arrival.ts";
import { logoutRequest, logoutToken } from "../fixtures/providers/logout-token.ts";
import { json } from "../fixtures/providers/replies.ts";
import { s256 } from "../fixtures/providers/rigged-answers.ts";
import { discoveryDocument } from "../fixtures/providers/rigged-endpoints.ts";
import { startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { ANN_THERE, stubProvider } from "../fixtures/providers/stub-provider.ts";
import { CLIENT } from "../fixtures/rigged-sign-in.ts";
import { chatty, collectSecrets, printed, type Secrets } from "../fixtures/secrets.ts";
import { cheapPassword, ORIGIN, SECRET } from "../fixtures/server.ts";

const LEVELS = ["log", "info", "warn", "error", "debug", "trace"] as const;
const VERIFIER = "a-verifier-of-an-app-that-stays-with-the-app";
const CLIENT_SECRET = "the-secret-of-the-client-at-the-provider";
const WORDS = "words-of-the-provider";

afterEach(() => void vi.restoreAllMocks());

function listen(): unknown[] {
  const lines: unknown[] = [];
  for (const level of LEVELS) vi.spyOn(console, level).mockImplementation((...line) => void lines.push(line));
  return lines;
}

/** Keeps what an answer hands out, and its body and headers but for the cookies and the target. */
async function note(response: Response, secrets: Secrets, said: unknown[]): Promise<void> {
  await secrets.addAnswer(response);
  const headers = [...response.headers].filter(([name]) => name !== "set-cookie" && name !== "location");
  said.push(headers, await response.clone().text());
}

/** As without `onError`, which the fixture sets. */
function printError(error: unknown, context: ErrorContext): void {
  console.error(context, error);
}

function addFlows(browser: Browser, secrets: Secrets): void {
  secrets.add(...flowsOf(browser).values());
}

test("LOG-01 no event, body, header or console line holds a secret, for any failure", async () => {
  const said = listen();
  const secrets = collectSecrets();
  secrets.add(SECRET, VERIFIER);
  const failing = { now: false };
  const stub = stubProvider({ storeTokens: true });
  const store = chatty(memory(), () => failing.now);
  const trustedOrigins = ["com.example.app://"];
  const server = openStubServer({ store, stubs: [stub], trustedOrigins, onError: printError });
  const { auth, events } = server;
  const browser = server.browser();
  const queries = [
    "redirect_to=/",
    `transport=bearer&redirect_to=com.example.app://&code_challenge=${s256(VERIFIER)}`,
  ];
  const answers = [{}, { code: `${WORDS}-code` }, { error: WORDS, error_description: WORDS }];
  for (const query of queries) {
    for (const changes of answers) {
      for (const isFailing of [false, true]) {
        const start = await browser.get(`/auth/oauth/stub?${query}`);
        addFlows(browser, secrets);
        const arrival = stub.agree(start.headers.get("location") ?? "", ANN_THERE, changes);
        secrets.add(...["state", "code"].map((name) => parametersOf(arrival).get(name) ?? SECRET));
        stub.beforeAnswer = async () => {
          failing.now = isFailing;
        };
        const back = await comeBack(browser, arrival);
        await note(back, secrets, said);
        const code = new URL(back.headers.get("location") ?? ORIGIN).searchParams.get("code");
        if (code !== null) {
          secrets.add(code);
          const body = { code, code_verifier: VERIFIER };
          const exchanged = await browser.post("/auth/oauth/exchange", body);
          await secrets.addAnswer(exchanged);
          said.push((await exchanged.json()).session);
        }
        failing.now = false;
        // Once more: a flow that is over.
        await note(await comeBack(browser, arrival), secrets, said);
      }
    }
  }
  secrets.add(...stub.issued);
  for (const { flow } of stub.calls) secrets.add(flow.nonce, flow.codeVerifier, flow.state);
  const all = [...said, events, inspect(auth, { depth: null, showHidden: true })].map(printed).join("\n");
  expect(events.filter(({ type }) => type === "oauth.failed").length).toBeGreaterThan(8);
  expect(events.filter(({ type }) => type === "store.failed").length).toBeGreaterThan(0);
  expect(secrets.size()).toBeGreaterThan(100);
  expect(secrets.foundIn(all)).toEqual([]);
  expect(printed(exceptDiagnoses(said, events))).not.toContain(WORDS);
});

/** All that is told but the words of the provider, which the developer reads in a warning and in an event. */
function exceptDiagnoses(said: readonly unknown[], events: readonly AuthEvent[]): readonly string[] {
  const warning = /latchkey: a sign-in with \w+ failed: /;
  const others = events.map((event) => ({ ...event, diagnosis: undefined }));
  return [...said, ...others].map(printed).filter((text) => !warning.test(text));
}

test("OAU-20 LOG-01 neither the text of a failing provider nor the client's secret is passed on", async () => {
  const rig = await startRiggedProvider();
  try {
    const said = listen();
    const options = { issuer: rig.issuer, clientId: "client", clientSecret: CLIENT_SECRET };
    const { auth, events, browser } = openServerWith([oidc(options)], { onError: printError });
    const own = browser();
    const bad: readonly (readonly [string, object])[] = [
      ["error", { error: `${WORDS}\r\nset-cookie: x=y`, error_description: `<b>${WORDS}\u{1F600}</b>` }],
      ["long", { error: WORDS.repeat(5_000) }],
      ["code", { code: WORDS }],
    ];
    for (const [, changes] of bad) {
      const url = await begin(own, "oidc");
      const answer = await comeBack(own, rig.authorize(url, { ...changes }));
      expect(answer.headers.get("location")).toBe("http://localhost:3000/welcome?error=oauth_failed");
      said.push([...answer.headers], await answer.text());
    }
    rig.answers.token = () => {
      throw new Error(WORDS);
    };
    await comeBack(own, rig.authorize(await begin(own, "oidc")));
    const all = [...said, events, inspect(auth, { depth: null })].map(printed).join("\n");
    expect(events.filter(({ type }) => type === "oauth.failed")).toHaveLength(4);
    for (const word of [CLIENT_SECRET, encodeURIComponent(CLIENT_SECRET)]) expect(all).not.toContain(word);
    expect(printed(exceptDiagnoses(said, events))).not.toContain(WORDS);
  } finally {
    await rig.close();
  }
});

test("LOG-01 no sign-out at a provider or by one tells the ID token, the logout token or the session there", async () => {
  const rig = await startRiggedProvider();
  try {
    const said = listen();
    const secrets = collectSecrets();
    const sid = "the-session-at-the-provider";
    const issued: string[] = [];
    rig.idToken = (claims) => {
      issued.push(rig.mint({ claims: { ...claims, sid } }));
      return issued.at(-1) ?? "";
    };
    const end_session_endpoint = `${rig.issuer}/logout`;
    rig.answers.discovery = () => json({ ...discoveryDocument(rig.issuer), end_session_endpoint });
    const failing = { now: false };
    const provider = oidc({ issuer: rig.issuer, ...CLIENT, storeTokens: true, backchannelLogout: true });
    const store = chatty(memory(), () => failing.now);
    const server = openServerWith([provider], { store, onError: printError, secret: SECRET });
    const browser = server.browser();
    const post = async (token: string): Promise<number> => {
      secrets.addAccessToken(token);
      const body = new URLSearchParams({ logout_token: token });
      const answer = await server.auth.handle(logoutRequest("http://localhost:3000", body));
      await note(answer, secrets, said);
      return answer.status;
    };
    await comeBack(browser, rig.authorize(await begin(browser, "oidc")));
    const account = { provider: "oidc", subject: String(rig.person["sub"]) };
    const { id = "" } = (await server.store.users.findByAccount(account)) ?? {};
    const url = await server.auth.users.endSessionURL(id, "oidc");
    expect(url).toContain(`id_token_hint=${issued[0]}`);
    const refusals = [{ redirectTo: "https://evil.example" }, { state: "" }];
    for (const options of refusals) {
      said.push(await server.auth.users.endSessionURL(id, "oidc", options).catch((error: unknown) => error));
    }
    failing.now = true;
    said.push(await server.auth.users.endSessionURL(id, "oidc").catch((error: unknown) => error));
    expect(await post(logoutToken(rig, { claims: { sid } }))).toBe(503);
    failing.now = false;
    const token = logoutToken(rig, { claims: { sid } });
    expect([await post(token), await post(token), await post(issued[0] ?? "")]).toEqual([200, 400, 400]);
    for (const each of issued) secrets.addAccessToken(each);
    secrets.add(sid);
    const all = [...said, server.events, inspect(server.auth, { depth: null })].map(printed).join("\n");
    expect(secrets.foundIn(all)).toEqual([]);
  } finally {
    await rig.close();
  }
});

test("LOG-01 without onEvent, faults are logged to the console without a secret", async () => {
  const lines = listen();
  const failing = { now: false };
  const stub = stubProvider();
  const clock = settableClock();
  const auth = createAuth({
    store: chatty(memory(), () => failing.now),
    providers: [cheapPassword(), stub.provider],
    env: { clock: clock.now },
  });
  const browser = openBrowser({ server: auth, clock });
  const arrival = stub.agree(await begin(browser, "stub"), ANN_THERE);
  failing.now = true;
  const answer = await comeBack(browser, arrival);
  expect(answer.headers.get("location")).toBe("http://localhost:3000/welcome?error=store_unavailable");
  const all = lines.map(printed).join("\n");
  expect(all).toContain("tokens.spend failed");
  for (const name of ["state", "code"]) expect(all).not.toContain(parametersOf(arrival).get(name));
});
