import { REDIRECT_HOSTS } from "./redirect-hosts.ts";
import { listOf, type Redirect } from "./redirect-list.ts";
import { REDIRECT_SCHEMES } from "./redirect-schemes.ts";

/** The origins that the vectors are written for. */
export const OWN_ORIGIN = "https://app.example.com";
export const TRUSTED_ORIGIN = "https://spa.example.com";

const LOOP_TEXT: Readonly<Record<string, string>> = {
  "ends the session": String.raw`
    /auth/logout /auth/logout?x=y /auth/logout#x /auth/./logout /x/../auth/logout /./auth/logout
    /auth/x/../logout /auth\logout \auth\logout https://app.example.com/auth/logout //app.example.com/auth/logout
    https://app.example.com:443/auth/logout https:/auth/logout https:auth/logout auth/logout ./auth/logout
    ../auth/logout /%2e/auth/logout /x/%2e%2e/auth/logout HTTPS://APP.EXAMPLE.COM/auth/logout`,
  "starts a sign-in": `
    /auth/oauth/google /auth/oauth/google?redirect_to=/ /auth/oauth/github#x /auth/x/../oauth/google
    https://app.example.com/auth/oauth/google /auth/oauth/./google`,
  "finishes a sign-in": `
    /auth/oauth/google/callback /auth/oauth/google/callback?code=x&state=y /auth/oauth/google/../google/callback
    https://app.example.com/auth/oauth/google/callback?error=access_denied`,
};

/** Paths of our own that a sign-in must not lead to: on the own origin, and refused all the same. Routes are under /auth. */
export const LOOPS: readonly Redirect[] = [
  ...listOf(LOOP_TEXT),
  { input: "/\tauth/logout", why: "a tab that URL parsers leave out" },
  { input: " /auth/logout", why: "a space that URL parsers cut off" },
  { input: "/auth/lo\ngout", why: "a line break that URL parsers leave out" },
];

const NEAR_LOOPS: Readonly<Record<string, string>> = {
  "a route of ours only for a proxy that decodes or folds paths": `
    /%61uth/logout /auth%2flogout /auth/%6cogout /auth/logout%00 /auth;x/logout /auth//logout /auth/logout;x
    /AUTH/logout /auth/Logout /auth/logout%20 /auth/%2e%2e%2fauth/logout /auth/logout/
    /auth/oauth/google/ /auth/oauth/apple/callback/ /auth/logout/.`,
};

/**
 * Targets that must not leave the own origin. Each is answered with the default, or leads to a URL whose origin is
 * OWN_ORIGIN; those of LOOPS are answered with the default.
 */
export const REDIRECTS: readonly Redirect[] = [
  ...REDIRECT_HOSTS,
  ...REDIRECT_SCHEMES,
  ...LOOPS,
  ...listOf(NEAR_LOOPS),
];

/** Relative to what? A matter of documentation (RED-08); none of them leaves the own origin. */
export const RELATIVES: readonly string[] = [
  "foo",
  "foo/bar",
  "./x",
  "../x",
  "?a=b",
  "#x",
  ".",
  "..",
  "x?y#z",
];

const GOOD_TEXT: Readonly<Record<string, string>> = {
  "a path": `/ /x /x/ /x/y/z /x.html /~ann /x-y_z /a@b /x;v=1 /x:y /x/@ann /authors /authentic/logout /logout
    /x/auth/logout /a+b /$x /x,y /(x) /!x /x=y /*`,
  "a path with query or fragment": `/?a=b /x?y=z /x?y=//evil.example /x?y=https://evil.example /x?next=/auth/logout
    /x?a=1&a=2 /x?y=%2F%2Fevil.example /x?y=javascript:alert(1) /x? /#x /x#/y /x#//evil.example /x?a=b#c /x?@evil.example
    /x?q=a+b%20c /#https://evil.example`,
  "a path in percent encoding": "/caf%C3%A9 /%E2%9C%93 /a%20b /100%25 /x%2Fy",
  "the own origin": `https://app.example.com https://app.example.com/ https://app.example.com/x?y=z#w
    https://app.example.com:443/x https://app.example.com?x=y https://app.example.com#x`,
  "the trusted origin": `https://spa.example.com https://spa.example.com/ https://spa.example.com/x/y
    https://spa.example.com/x?y=//evil.example https://spa.example.com/#/route https://spa.example.com:443/x?y#z
    https://spa.example.com?x=y`,
};

/** Targets that stay: each leads to the URL that it resolves to against OWN_ORIGIN, with or without its fragment. */
export const GOOD_TARGETS: readonly Redirect[] = [
  ...listOf(GOOD_TEXT),
  { input: "/caf\u00E9", why: "a letter beyond ASCII" },
  { input: "/\u65E5\u672C\u8A9E?q=\u2713", why: "a path and a query beyond ASCII" },
  { input: "/\u{1F600}", why: "a character of two code units" },
];
