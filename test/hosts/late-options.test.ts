import { type Auth, type AuthOptions, createAuth, defineAuth, type ErrorContext } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { github } from "@latchkey/core/oauth";
import { password } from "@latchkey/core/password";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ANN, cheapHasher, SECRET } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

const ORIGIN = "https://app.example.com";
const PROVIDERS = [password({ hasher: cheapHasher })];
const NAMED = { message: expect.stringMatching(/^secret is missing/) };

afterEach(() => {
  vi.restoreAllMocks();
});

const signUp = (auth: Auth): Promise<Response> => {
  const headers = { "content-type": "application/json", origin: ORIGIN };
  const call = { method: "POST", headers, body: JSON.stringify(ANN) };
  return auth.handle(new Request(`${ORIGIN}/auth/signup`, call));
};

describe("a program that is built where it has no secrets", () => {
  /** What a build makes of an environment without AUTH_SECRET. */
  function built(options: Partial<AuthOptions>) {
    const faults: (ErrorContext & { message: string })[] = [];
    const { store, calls } = counted(memory());
    const auth = createAuth({
      store,
      providers: PROVIDERS,
      baseURL: ORIGIN,
      onError: (error, context) => faults.push({ ...context, message: (error as Error).message }),
      ...options,
    });
    return { auth, faults, calls };
  }

  it.each<[string, Partial<AuthOptions>]>([
    ["no variable", { secret: undefined }],
    ["an empty variable", { secret: "" }],
    ["a list of no variable", { secret: [undefined, ""] }],
    ["HS256 on localhost", { baseURL: "http://localhost:3000", accessToken: { algorithm: "HS256" } }],
  ])("loads with %s, and refuses each request with an error that names secret", async (_, options) => {
    const { auth, faults, calls } = built(options);
    const answer = await signUp(auth as Auth);
    expect({ status: answer.status, body: await answer.json() }).toEqual({
      status: 500,
      body: { error: "internal_error", message: expect.not.stringContaining("secret") },
    });
    const request = new Request(ORIGIN);
    expect(await auth.validate(request)).toMatchObject({ ok: false, code: "internal_error", status: 500 });
    expect((await auth.handlers.jwks(request)).status).toBe(500);
    await expect(auth.sessions.create("ann")).rejects.toMatchObject(NAMED);
    await expect(auth.users.create(ANN)).rejects.toMatchObject(NAMED);
    await expect(auth.keys.jwks()).rejects.toMatchObject(NAMED);
    expect(() => auth.cors(request)).toThrow(/^secret is missing/);
    expect(faults).toEqual([
      { operation: "handle", requestId: null, ...NAMED },
      { operation: "validate", requestId: null, ...NAMED },
      { operation: "handlers.jwks", requestId: null, ...NAMED },
    ]);
    expect(calls).toEqual([]);
  });

  it("is told of every missing variable at start, by check", async () => {
    const providers = [...PROVIDERS, github({ clientId: "", clientSecret: "" })];
    const found = await built({ providers, secret: "" }).auth.check();
    const message =
      "secret is missing, but it is required outside localhost: pass 32 random bytes in base64; " +
      "github: clientId is missing: pass what the provider gave you; " +
      "github: clientSecret is missing: pass what the provider gave you";
    expect(found).toEqual({
      ok: false,
      problems: [{ part: "options", message, error: expect.any(TypeError) }],
    });
    expect((await signUp(built({ providers, secret: SECRET }).auth as Auth)).status).toBe(500);
  });

  it.each([["short"], ["changeme-changeme-changeme-changeme"], [["", SECRET]]])(
    "does not load with the wrong secret %j",
    (secret) => expect(() => built({ secret })).toThrow(/^secret/),
  );

  it("serves localhost alone with an empty baseURL", async () => {
    const { auth } = built({ baseURL: "" });
    expect((await signUp(auth as Auth)).status).toBe(400);
  });
});

describe("defineAuth", () => {
  it("calls its function at the first request, once, and its functions may be taken off it before", async () => {
    const options = vi.fn(() => ({ store: memory(), providers: PROVIDERS, baseURL: ORIGIN, secret: SECRET }));
    const auth = defineAuth(options);
    const { validate, sessions, handlers } = auth;
    expect(options).not.toHaveBeenCalled();
    expect((await signUp(auth as Auth)).status).toBe(201);
    expect((await validate(new Request(ORIGIN))).ok).toBe(false);
    expect(await sessions.get("unknown")).toBeNull();
    expect((await handlers.jwks(new Request(ORIGIN))).status).toBe(200);
    expect(auth.cors(new Request(ORIGIN))).toBeNull();
    expect(await auth.check()).toEqual({ ok: true });
    expect(options).toHaveBeenCalledTimes(1);
  });

  it("answers 500 while its function throws, logs the error, and tries again", async () => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    let url: string | null = null;
    const auth = defineAuth(() => {
      if (url === null) throw new Error("DATABASE_URL is not set");
      return { store: memory(), providers: PROVIDERS, baseURL: ORIGIN, secret: SECRET };
    });
    const answer = await signUp(auth as Auth);
    expect({ status: answer.status, text: await answer.text() }).toEqual({
      status: 500,
      text: expect.not.stringContaining("DATABASE_URL"),
    });
    expect(logged).toHaveBeenCalledWith("latchkey: handle failed:", new Error("DATABASE_URL is not set"));
    const problem = { part: "options", message: "DATABASE_URL is not set", error: expect.any(Error) };
    expect(await auth.check()).toEqual({ ok: false, problems: [problem] });
    await expect(auth.users.get("ann")).rejects.toThrow("DATABASE_URL is not set");
    url = "postgres://";
    expect((await signUp(auth as Auth)).status).toBe(201);
  });

  it("takes a function", () => {
    expect(() => defineAuth({} as never)).toThrow(
      /^defineAuth: options is an object, but it must be a function/,
    );
  });
});
