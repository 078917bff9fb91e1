import { describe, expect, it } from "vitest";
import { type ListedRoute, matchPath, matchRoute, routeTable } from "./handle.ts";
import * as routes from "./routes/list.ts";

const list = routeTable(Object.values<ListedRoute>(routes));
type RouteName = keyof typeof routes;
const byName: Readonly<Record<RouteName, ListedRoute>> = { ...routes };

const table: readonly (readonly [string, string, RouteName])[] = [
  ["POST", "/auth/signup", "signup"],
  ["POST", "/auth/login", "login"],
  ["POST", "/auth/reauthenticate", "reauthenticate"],
  ["POST", "/auth/refresh", "refresh"],
  ["POST", "/auth/logout", "logout"],
  ["GET", "/auth/me", "me"],
  ["GET", "/auth/session", "session"],
  ["GET", "/auth/sessions", "sessions"],
  ["DELETE", "/auth/sessions/AbC_-9", "revokeSession"],
  ["POST", "/auth/email/change", "changeEmail"],
  ["POST", "/auth/email/change/confirm", "confirmEmailChange"],
  ["POST", "/auth/email/change/undo", "undoEmailChange"],
  ["POST", "/auth/link", "sendLink"],
  ["POST", "/auth/link/confirm", "confirmLink"],
  ["POST", "/auth/code", "sendCode"],
  ["POST", "/auth/code/confirm", "confirmCode"],
  ["DELETE", "/auth/account", "deleteAccount"],
  ["POST", "/auth/email/verify/request", "requestEmailVerification"],
  ["POST", "/auth/email/verify", "verifyEmail"],
  ["POST", "/auth/password/forgot", "forgotPassword"],
  ["POST", "/auth/password/reset", "resetPassword"],
  ["POST", "/auth/password/change", "changePassword"],
  ["GET", "/auth/oauth/github", "oauthStart"],
  ["GET", "/auth/oauth/github/callback", "oauthCallback"],
  ["POST", "/auth/oauth/exchange", "oauthExchange"],
  ["POST", "/auth/oauth/google/nonce", "oauthNonce"],
  ["POST", "/auth/oauth/google/token", "oauthToken"],
  ["POST", "/auth/oauth/github/link", "linkAccount"],
  ["DELETE", "/auth/oauth/github/link", "unlinkAccount"],
  ["POST", "/auth/oauth/company/backchannel-logout", "backchannelLogout"],
  ["GET", "/auth/ended", "ended"],
  ["GET", "/auth/jwks", "jwks"],
  ["GET", "/auth/.well-known/jwks.json", "jwks"],
];

it("the table has every route", () => {
  expect(new Set(table.map(([, , name]) => name))).toEqual(new Set(Object.keys(routes)));
});

describe("matchPath", () => {
  it.each(table)("finds %s %s, also with a slash at the end", (method, path, name) => {
    for (const variant of [path, `${path}/`]) {
      expect(matchPath(list, method, variant, "/auth")).toMatchObject({ kind: "route", route: byName[name] });
      expect(matchPath(list, "OPTIONS", variant, "/auth")).toMatchObject({ kind: "options" });
      expect(matchPath(list, "PUT", variant, "/auth").kind).toBe("wrong_method");
      expect(matchPath(list, "HEAD", variant, "/auth").kind).toBe(
        method === "GET" ? "route" : "wrong_method",
      );
    }
  });

  it.each([
    "/auth",
    "/auth/",
    "/auth//",
    "/auth//login",
    "/auth/login//",
    "/auth/Login",
    "/auth/%6cogin",
    "/auth/sessions/a/b",
    "/auth/sessions/%2e",
    "/authlogin",
    "/x/auth/login",
    "/login",
    "",
    "/auth/__proto__",
    "/auth/constructor",
  ])("finds no route at %j", (path) => {
    expect(matchPath(list, "POST", path, "/auth")).toEqual({ kind: "not_found" });
  });

  it.each(["__proto__", "constructor", "toString", "get", "Post", ""])(
    "treats %j as an unknown method",
    (method) => {
      expect(matchPath(list, method, "/auth/me", "/auth")).toEqual({
        kind: "wrong_method",
        allow: "GET, HEAD, OPTIONS",
      });
      expect(matchPath(list, method, "/auth/login", "/auth")).toEqual({
        kind: "wrong_method",
        allow: "POST, OPTIONS",
      });
    },
  );

  it("finds no route outside its base path", () => {
    expect(matchPath(list, "POST", "/api/v1/auth/login", "/api/v1/auth").kind).toBe("route");
    expect(matchPath(list, "POST", "/auth/login", "/api/v1/auth").kind).toBe("not_found");
  });
});

describe("matchRoute", () => {
  it.each(table)("requires %s for a route that is mounted by itself", (method, _, name) => {
    expect(matchRoute(byName[name], method)).toMatchObject({ kind: "route", route: byName[name] });
    expect(matchRoute(byName[name], "PATCH").kind).toBe("wrong_method");
  });
});

it("names each rare route as its handler is named", () => {
  for (const [name, route] of Object.entries<ListedRoute>(routes)) {
    if ("rare" in route) expect(route.rare).toBe(name);
  }
});

it("lets other sites send to the callback of a provider and to its sign-out alone", () => {
  const open = Object.entries<ListedRoute>(routes).filter(([, route]) => route.crossSite === true);
  expect(new Set(open.map(([name]) => name))).toEqual(new Set(["oauthCallback", "backchannelLogout"]));
});
