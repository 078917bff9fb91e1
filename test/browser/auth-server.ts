import type { Auth, AuthEvent, AuthOptions, JsonObject, Provider, Store, User } from "@latchkey/core";
import { type Clock, settableClock } from "../fixtures/clock.ts";
import { cheapPassword, openServer } from "../fixtures/server.ts";
import { type Answer, type LocalSite, openSite, type Pages, pageOf } from "./pages.ts";

export interface AuthServerOptions extends Partial<AuthOptions<JsonObject, User>> {
  /** What it serves beside Latchkey's routes. */
  readonly pages?: Pages;
  /** Makes providers that have to know where the server is. */
  readonly providersAt?: (origin: string) => Promise<readonly Provider[]>;
}

/** Stands between the browser and the server. "cut" breaks the connection without an answer. */
export type Meddler = (request: Request, pass: () => Promise<Response>) => Promise<Response | "cut">;

/** Latchkey on a port of this machine, in memory unless `store` says otherwise. */
export interface AuthServer extends LocalSite {
  readonly auth: Auth<JsonObject, User>;
  readonly store: Store;
  /** Moves the server's time only: an access token can be over while its cookie is still there. */
  readonly clock: Clock;
  readonly events: AuthEvent[];
  /** What came to Latchkey's routes, as "POST /auth/refresh". */
  readonly requests: string[];
  /** Meddles with each request to Latchkey's routes from now on; null leaves them alone again. */
  readonly meddle: (meddler: Meddler | null) => void;
}

/** Access tokens live 60 s, leases 20 s. */
export const QUICK: Pick<AuthOptions<JsonObject, User>, "accessToken" | "refreshToken"> = {
  accessToken: { lifetime: 60 },
  refreshToken: { lease: 20, refreshBefore: 5 },
};

export async function startAuthServer({
  pages = {},
  providersAt = async () => [],
  ...options
}: AuthServerOptions = {}): Promise<AuthServer> {
  let answer: Answer = () => new Response(null, { status: 503 });
  const site = await openSite((request, outgoing) => answer(request, outgoing));
  const clock = settableClock(Math.floor(Date.now() / 1_000));
  const { auth, store, events } = openServer({
    providers: [cheapPassword(), ...(await providersAt(site.origin))],
    ...QUICK,
    ...options,
    clock,
  });
  const requests: string[] = [];
  let meddler: Meddler | null = null;
  answer = async (request, outgoing) => {
    const { pathname } = new URL(request.url);
    if (!pathname.startsWith("/auth/")) return pageOf(pages, request);
    requests.push(`${request.method} ${pathname}`);
    const pass = (): Promise<Response> => auth.handle(request);
    const response = meddler === null ? await pass() : await meddler(request, pass);
    if (response !== "cut") return response;
    outgoing.destroy();
    return new Response(null, { status: 499 });
  };
  return {
    ...site,
    auth,
    store,
    clock,
    events,
    requests,
    meddle: (next) => {
      meddler = next;
    },
  };
}
