import { expect, it } from "vitest";
import { decideAnonymousAnswer } from "./sessions.ts";

const token = { token: "x", current: true, hostBound: true };
const COOKIES = { transport: "cookie", access: [], refresh: [], device: null } as const;
const REFRESH_ONLY = { ...COOKIES, refresh: [token] };
const OVER = { code: "session_revoked", status: 401 } as const;
const UNKNOWN = { code: "unauthenticated", status: 401 } as const;

it.each([
  ["a browser without cookies", "GET", COOKIES, UNKNOWN, "anonymous"],
  ["a browser with the refresh token of an ended session", "GET", REFRESH_ONLY, OVER, "clear"],
  ["a browser with a refresh token that is not final", "GET", REFRESH_ONLY, UNKNOWN, "anonymous"],
  ["HEAD, which did not rotate", "HEAD", REFRESH_ONLY, OVER, "anonymous"],
  [
    "an access token that may be of another session",
    "GET",
    { ...REFRESH_ONLY, access: [token] },
    OVER,
    "anonymous",
  ],
  ["an access token alone", "GET", { ...COOKIES, access: [token] }, OVER, "anonymous"],
  ["a bearer token", "GET", { ...COOKIES, transport: "bearer", access: [token] }, OVER, "refuse"],
  ["a store that is down", "GET", REFRESH_ONLY, { code: "store_unavailable", status: 503 }, "refuse"],
  ["a refused origin", "GET", REFRESH_ONLY, { code: "csrf_rejected", status: 403 }, "refuse"],
  ["a fault of the server", "GET", REFRESH_ONLY, { code: "internal_error", status: 500 }, "refuse"],
] as const)("decides for %s", (_, method, presented, refused, expected) => {
  expect(decideAnonymousAnswer(method, presented, refused)).toBe(expected);
});
