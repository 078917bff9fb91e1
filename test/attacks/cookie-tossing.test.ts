import { createValidator } from "@latchkey/core/validator";
import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import { type Jar, openJar } from "../fixtures/jar.ts";
import { requestTo } from "../fixtures/requests.ts";
import { countOf, ORIGIN, type TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { LIFETIME, type Options, openAttackedServer, PASSWORD } from "./server.ts";
import { codeOf } from "./verdicts.ts";

const NAMES = { access: "latchkey.access", refresh: "latchkey.refresh" };

/** A configuration whose cookies a sibling can shadow, the names they have there, and paths that the refresh cookie goes to. */
interface Setting {
  readonly name: string;
  readonly options: Options;
  readonly access: string;
  readonly refresh: string;
  /** Where the application's own cookies live. */
  readonly own: readonly string[];
  readonly path: string;
}

const DOMAIN: Setting = {
  name: "cookies.domain",
  options: { cookies: { domain: "example.com" } },
  access: `__Secure-${NAMES.access}`,
  refresh: `__Secure-${NAMES.refresh}`,
  own: ["Domain=example.com; Path=/"],
  path: "/page",
};
const REFRESH_PATH: Setting = {
  name: "cookies.refreshPath",
  options: { cookies: { refreshPath: "/auth" } },
  access: `__Host-Http-${NAMES.access}`,
  refresh: `__Secure-${NAMES.refresh}`,
  own: [],
  path: "/auth/session",
};
const BOTH: Setting = {
  ...DOMAIN,
  name: "both",
  options: { cookies: { domain: "example.com", refreshPath: "/auth" } },
  own: ["Domain=example.com; Path=/auth"],
  path: "/auth/session",
};
const settings: readonly Setting[] = [DOMAIN, REFRESH_PATH, BOTH];

interface Person {
  readonly userId: string;
  readonly sessionId: string;
  readonly access: string;
  readonly refresh: string;
}

/** Signs a user up, and keeps the cookies in a jar. */
async function enter(server: TestServer, setting: Setting, email: string, jar: Jar): Promise<Person> {
  const response = await server.send("/auth/signup", { method: "POST", body: { email, password: PASSWORD } });
  jar.take(response.headers);
  const { session } = await response.json();
  const cookieOf = (name: string): string => {
    const line = response.headers.getSetCookie().find((each) => each.startsWith(`${name}=`)) ?? "";
    return line.slice(name.length + 1).split(";")[0] ?? "";
  };
  return {
    userId: session.userId,
    sessionId: session.id,
    access: cookieOf(setting.access),
    refresh: cookieOf(setting.refresh),
  };
}

interface Scene {
  readonly server: TestServer;
  readonly jar: Jar;
  readonly ann: Person;
  readonly eve: Person;
  /** The code, or the user, that `auth.validate` answers the browser with; the answer's cookies are kept. */
  readonly validate: (path: string, method?: string) => Promise<string>;
  /** The same for `POST /refresh`. */
  readonly refresh: () => Promise<string>;
}

async function open(setting: Setting, changes: Options = {}): Promise<Scene> {
  const server = openAttackedServer({ ...setting.options, ...changes });
  const jar = openJar(new URL(ORIGIN).hostname);
  const ann = await enter(server, setting, "ann@example.com", jar);
  const eve = await enter(server, setting, "eve@example.com", openJar(new URL(ORIGIN).hostname));
  return {
    server,
    jar,
    ann,
    eve,
    validate: async (path, method = "GET") => {
      const found = await server.auth.validate(requestTo(path, { method, headers: jar.header(path) }));
      jar.take(found.headers);
      return found.ok ? found.userId : codeOf(found);
    },
    refresh: async () => {
      const path = "/auth/refresh";
      const response = await server.send(path, { method: "POST", headers: jar.header(path) });
      jar.take(response.headers);
      const { session, error } = await response.json();
      return session?.userId ?? error;
    },
  };
}

/** The browser drops the access cookie as it runs out; the tossed one is as old as its sender likes. */
async function accessRunsOut({ server, jar }: Scene, setting: Setting): Promise<void> {
  server.clock.advance(LIFETIME + 1);
  jar.drop(setting.access);
}

async function liveAccessOf(server: TestServer, { refresh }: Person): Promise<string> {
  const answer = await server.auth.sessions.refresh(refresh);
  if (!answer.ok) throw new Error(answer.code);
  return answer.accessToken;
}

const TOSSED_PLACES = [
  "Domain=example.com; Path=/",
  "Domain=example.com; Path=/auth",
  "Domain=example.com; Path=/auth/",
  "Domain=example.com; Path=/auth/refresh",
  "Domain=app.example.com; Path=/",
  "Domain=app.example.com; Path=/auth/refresh",
];

describe("a token that a sibling host set under a former name", () => {
  const previous = [{ name: "sid" }];
  const formers: readonly Setting[] = [
    {
      ...REFRESH_PATH,
      name: "defaults",
      options: { cookies: { previous } },
      refresh: `__Host-Http-${NAMES.refresh}`,
      path: "/page",
    },
    { ...DOMAIN, name: "cookies.domain", options: { cookies: { previous, domain: "example.com" } } },
    { ...REFRESH_PATH, options: { cookies: { previous, refreshPath: "/auth" } } },
  ];

  describe.each(formers)("beside the owner's own token, with $name", (setting) => {
    it.each(["GET", "POST", "HEAD"])("never leads to the attacker's session: %s", async (method) => {
      const scene = await open(setting);
      await accessRunsOut(scene, setting);
      scene.jar.toss(`sid=${await liveAccessOf(scene.server, scene.eve)}; Domain=example.com; Path=/`);
      expect(await scene.validate(setting.path, method)).toBe(scene.ann.userId);
      expect(countOf(scene.server, "session.conflict")).toBe(0);
    });

    it("never refreshes the attacker's session, by an access token or by a refresh token", async () => {
      const scene = await open(setting);
      await accessRunsOut(scene, setting);
      scene.jar.toss(`sid=${await liveAccessOf(scene.server, scene.eve)}; Domain=example.com; Path=/`);
      scene.jar.toss(`sid=${scene.eve.refresh}; Domain=example.com; Path=/auth`);
      expect(await scene.refresh()).toBe(scene.ann.userId);
    });

    it("is not looked up beside a live access token, so the store gets no call", async () => {
      const { store, calls } = counted(newStore());
      const scene = await open(setting, { store, revocation: "none" });
      scene.jar.toss(`sid=${scene.eve.access}; Domain=example.com; Path=/`);
      scene.jar.toss(`sid=${scene.eve.refresh}; Domain=example.com; Path=${setting.path}`);
      calls.length = 0;
      expect(await scene.validate(setting.path)).toBe(scene.ann.userId);
      expect(calls).toEqual([]);
    });

    it.each(["over", "ended"])("does not replace a session that is %s", async (how) => {
      const scene = await open(setting, { refreshToken: { lifetime: 2 * LIFETIME } });
      if (how === "ended") await scene.server.auth.sessions.revoke(scene.ann.sessionId);
      scene.server.clock.advance(how === "over" ? 2 * LIFETIME - 1 : LIFETIME + 1);
      scene.jar.drop(setting.access);
      const access = await liveAccessOf(scene.server, scene.eve);
      scene.jar.toss(`sid=${access}; Domain=example.com; Path=/`);
      if (how === "over") scene.server.clock.advance(1);
      const code = how === "over" ? "session_expired" : "session_revoked";
      expect(await scene.validate(setting.path, "POST")).toBe(code);
      expect(await scene.refresh()).toBe(code);
      // What was tossed went with the rest.
      expect(scene.jar.size()).toBe(0);
    });

    it("is deleted when the owner signs out", async () => {
      const scene = await open(setting, {});
      scene.jar.toss(`sid=${scene.eve.access}; Domain=example.com; Path=/auth`);
      scene.jar.toss(`sid=${scene.eve.access}; Domain=example.com; Path=/auth/; Secure; Partitioned`);
      const headers = scene.jar.header("/auth/logout");
      scene.jar.take((await scene.server.send("/auth/logout", { method: "POST", headers })).headers);
      expect(scene.jar.size()).toBe(0);
    });
  });

  it("is not accepted where the owner's refresh cookie is missing", async () => {
    const setting = { ...REFRESH_PATH, options: { cookies: { previous, refreshPath: "/auth" } } };
    const scene = await open(setting);
    await accessRunsOut(scene, setting);
    scene.jar.toss(`sid=${await liveAccessOf(scene.server, scene.eve)}; Domain=example.com; Path=/`);
    expect(await scene.validate("/page", "POST")).toBe("unauthenticated");
    expect(await scene.refresh()).toBe(scene.ann.userId);
    expect(await scene.validate("/page", "POST")).toBe(scene.ann.userId);
  });

  it("conflicts with the owner's own former cookie, and only the owner's cookie stays", async () => {
    const setting = { ...DOMAIN, options: { cookies: { previous, domain: "example.com" } } };
    const scene = await open(setting);
    scene.jar.drop(setting.access);
    scene.jar.drop(setting.refresh);
    scene.jar.take(new Headers({ "set-cookie": `sid=${scene.ann.refresh}; Path=/` }));
    scene.jar.toss(`sid=${scene.eve.access}; Domain=example.com; Path=/page`);
    expect(await scene.validate("/page", "POST")).toBe("unauthenticated");
    expect(await scene.validate("/page", "POST")).toBe(scene.ann.userId);
  });
});

describe.each(settings)("a token that a sibling host set under the current name, with $name", (setting) => {
  const places = TOSSED_PLACES.filter((place) => !setting.own.includes(place));

  it.each(places)(
    "%s: the refresh is refused, the owner's cookie stays, and the next refresh is the owner's",
    async (place) => {
      for (const partition of ["", "; Secure; Partitioned"]) {
        const scene = await open(setting);
        const { server, jar, ann, eve } = scene;
        jar.toss(`${setting.refresh}=${eve.refresh}; ${place}${partition}`);
        expect(await scene.refresh()).toBe("unauthenticated");
        expect(server.events.filter(({ type }) => type === "session.conflict")).toEqual([
          expect.objectContaining({ sessionIds: expect.arrayContaining([ann.sessionId, eve.sessionId]) }),
        ]);
        expect(await scene.refresh()).toBe(ann.userId);
        expect({
          ended: countOf(server, "session.ended"),
          conflicts: countOf(server, "session.conflict"),
          jarSize: jar.size(),
        }).toEqual({ ended: 0, conflicts: 1, jarSize: 2 });
      }
    },
  );

  it.each(places)("%s: a validation is refused, and the next one is the owner's", async (place) => {
    for (const partition of ["", "; Secure; Partitioned"]) {
      const scene = await open(setting);
      await accessRunsOut(scene, setting);
      scene.jar.toss(`${setting.refresh}=${scene.eve.refresh}; ${place}${partition}`);
      if (scene.jar.header(setting.path).cookie.split(setting.refresh).length < 3) continue;
      expect(await scene.validate(setting.path, "HEAD")).toBe("unauthenticated");
      expect(await scene.validate(setting.path, "POST")).toBe(scene.ann.userId);
    }
  });

  it("does not hide the owner's token at any number of places", async () => {
    for (const runsOut of [false, true]) {
      const scene = await open(setting);
      if (runsOut) await accessRunsOut(scene, setting);
      for (const place of [...places, "Domain=app.example.com; Path=/auth/"]) {
        scene.jar.toss(`${setting.refresh}=${scene.eve.refresh}; ${place}`);
        scene.jar.toss(`${setting.refresh}=${scene.eve.refresh}; ${place}; Secure; Partitioned`);
      }
      expect(await scene.refresh()).toBe("unauthenticated");
      expect(await scene.refresh()).toBe(scene.ann.userId);
    }
  });

  it("does not affect a bearer client", async () => {
    const { server, jar, eve } = await open(setting);
    const { accessToken } = await server.auth.sessions.create(eve.userId, { transport: "bearer" });
    jar.toss(`${setting.refresh}=${eve.refresh}; Domain=example.com; Path=/auth/`);
    const headers = { ...jar.header(setting.path), authorization: `Bearer ${accessToken}` };
    const found = await server.auth.validate(requestTo(setting.path, { headers }));
    expect(found.ok && found.userId).toBe(eve.userId);
    expect(countOf(server, "session.conflict")).toBe(0);
  });

  it("is expired in the answers of routes that validate, once only, and is gone after a sign-out", async () => {
    const scene = await open(setting);
    await accessRunsOut(scene, setting);
    scene.jar.toss(`${setting.refresh}=${scene.eve.refresh}; Domain=example.com; Path=/auth/`);
    const headers = scene.jar.header("/auth/session");
    const response = await scene.server.send("/auth/session", { headers });
    const lines = response.headers.getSetCookie();
    expect({ status: response.status, distinctLines: new Set(lines).size }).toEqual({
      status: 200,
      distinctLines: lines.length,
    });
    expect(lines.length).toBeGreaterThan(0);
    const out = await scene.server.send("/auth/logout", { method: "POST", headers });
    scene.jar.take(out.headers);
    expect({ status: out.status, jarSize: scene.jar.size() }).toEqual({ status: 200, jarSize: 0 });
  });
});

describe("an access token that a sibling host set under the current name, with cookies.domain", () => {
  it("is refused beside the owner's access token, and beside the owner's refresh token alone", async () => {
    for (const runsOut of [false, true]) {
      const scene = await open(DOMAIN);
      if (runsOut) await accessRunsOut(scene, DOMAIN);
      const access = await liveAccessOf(scene.server, scene.eve);
      scene.jar.toss(`${DOMAIN.access}=${access}; Domain=example.com; Path=/page`);
      expect(await scene.validate("/page", "POST")).toBe("unauthenticated");
      expect(await scene.validate("/page", "POST")).toBe(scene.ann.userId);
    }
  });

  it("set over the owner's token is refused until it expires, and then the owner is signed in", async () => {
    const scene = await open(DOMAIN);
    await accessRunsOut(scene, DOMAIN);
    const access = await liveAccessOf(scene.server, scene.eve);
    scene.jar.toss(`${DOMAIN.access}=${access}; Domain=example.com; Path=/`);
    expect(await scene.validate("/page", "POST")).toBe("unauthenticated");
    expect(await scene.refresh()).toBe("unauthenticated");
    scene.server.clock.advance(LIFETIME);
    expect(await scene.validate("/page", "POST")).toBe(scene.ann.userId);
  });

  it("is refused at a server without a store, also where it hides the owner's token", async () => {
    const { server, jar, eve } = await open(DOMAIN);
    const jwks = await server.auth.keys.jwks();
    const cookies = { domain: "example.com" };
    const edge = createValidator({ jwks, issuer: ORIGIN, cookies, env: { clock: server.clock.now } });
    for (const prefix of ["/a", "/a/", "/a/b", "/a/b/"]) {
      jar.toss(`${DOMAIN.access}=${eve.access}; Domain=example.com; Path=${prefix}`);
      const found = await edge.validate(requestTo("/a/b/c", { headers: jar.header("/a/b/c") }));
      expect(codeOf(found)).toBe("unauthenticated");
    }
  });

  it("is removed in several answers where one path has more places than an answer has lines for", async () => {
    const scene = await open(DOMAIN);
    const path = "/a/b/c/d/e/f/g/h/i/j/k/l/m/n";
    for (const prefix of ["/a", "/a/b/c/d/e/f/g/", path]) {
      scene.jar.toss(`${DOMAIN.access}=${scene.eve.access}; Domain=app.example.com; Path=${prefix}`);
    }
    const answers = new Set<string>();
    for (let n = 0; n < 8; n++) {
      answers.add(await scene.validate(path));
      scene.server.clock.advance(1);
    }
    expect([...answers]).toEqual(["unauthenticated", scene.ann.userId]);
  });
});
