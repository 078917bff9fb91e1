import { github, oidc } from "@latchkey/core/oauth";
import { begin, comeBack } from "../fixtures/oauth-flow.ts";
import { localFetch, wellKnown } from "../fixtures/providers/local-fetch.ts";
import { startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";
import { openServer, type Server, signIn } from "./server.ts";

/** Something to measure. */
export interface Operation {
  /** Makes everything ready for one call, and returns the call. It throws if it does not do what it is for. */
  prepare(): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

const HOUR = 3_600;
const CLIENT = { clientId: "client", clientSecret: "secret" };

/** `auth.validate` of a live access token. */
export async function validateLive(): Promise<Operation> {
  const server = await openServer();
  const browser = await signIn(server);
  const call = async (): Promise<void> => {
    const validation = await server.auth.validate(browser.request("/"));
    check(validation.ok && !validation.refreshed, "a live token is valid");
  };
  return { prepare: async () => call, close: async () => {} };
}

/** `auth.validate` of an expired access token with a refresh token beside it. */
export async function validateExpired(): Promise<Operation> {
  const server = await openServer();
  const browser = await signIn(server);
  const call = async (): Promise<void> => {
    const validation = await server.auth.validate(browser.request("/"));
    check(validation.ok && validation.refreshed, "an expired token is refreshed");
    browser.take(validation.headers);
  };
  return { prepare: () => passAnHour(server).then(() => call), close: async () => {} };
}

/** `POST /refresh`. */
export async function refresh(): Promise<Operation> {
  const server = await openServer();
  const browser = await signIn(server);
  const call = async (): Promise<void> =>
    check((await browser.post("/auth/refresh")).ok, "a refresh succeeds");
  return { prepare: () => passAnHour(server).then(() => call), close: async () => {} };
}

/** `POST /login`. */
export async function login(): Promise<Operation> {
  const server = await openServer();
  const call = async (): Promise<void> => {
    await signIn(server);
  };
  return { prepare: async () => call, close: async () => {} };
}

/** The callback of a user that the provider has sent before. */
export async function callback(id: "github" | "oidc"): Promise<Operation> {
  const rig = await startRiggedProvider({ clock: () => server.clock.now() });
  const provider = id === "github" ? github(CLIENT) : oidc({ issuer: rig.issuer, ...CLIENT });
  const { fetch } = localFetch(wellKnown(rig.origin));
  const server = await openServer({ providers: [provider], env: { fetch } });
  return {
    async prepare() {
      const browser = server.browser();
      const arrival = rig.authorize(await begin(browser, provider.id));
      return async () => {
        const target = (await comeBack(browser, arrival)).headers.get("location") ?? "error";
        check(!target.includes("error"), "a callback signs in");
      };
    },
    close: rig.close,
  };
}

/** An hour later the access token has expired. The signing keys are loaded again here, as by an earlier request. */
async function passAnHour({ auth, clock }: Server): Promise<void> {
  clock.advance(HOUR);
  await auth.keys.jwks();
}

function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new Error(`not so: ${claim}`);
}
