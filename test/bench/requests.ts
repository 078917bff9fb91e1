import { base64url } from "./baselines.ts";

export const ORIGIN = "https://app.example.com";
export const SECRET = "9f0a6c51d2e74b83a1c5e07f3b6d8924-of-the-bench";
/** The cookies of other programs. */
export const FOREIGN = "theme=dark; sidebar=open; lang=en-GB; _ga=GA1.2.1183462901.1700000000";

const BROWSER: Readonly<Record<string, string>> = {
  accept: "*/*",
  "sec-fetch-site": "same-origin",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0",
};

/** A request as a script of the application sends it. */
export function get(cookie: string, path = "/page"): Request {
  return new Request(ORIGIN + path, { headers: { ...BROWSER, cookie } });
}

export function post(path: string, body: object, cookie?: string): Request {
  const cookies = cookie === undefined ? {} : { cookie };
  const headers = { ...BROWSER, "content-type": "application/json", origin: ORIGIN, ...cookies };
  return new Request(ORIGIN + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** The Cookie header of a browser after an answer, beside the cookies of other programs. */
export function cookieAfter(headers: Headers): string {
  const own = headers.getSetCookie().map((line) => line.split(";", 1)[0]);
  return ["theme=dark", ...own, "lang=en-GB"].join("; ");
}

/** The access token in a Cookie header. */
export function accessTokenIn(cookie: string): string {
  const found = /access=([^;]+)/.exec(cookie)?.[1];
  if (found === undefined) throw new Error("the cookies have no access token");
  return found;
}

/** The Cookie header with the access token alone. */
export function withoutRefreshToken(cookie: string): string {
  return cookie.replace(/; [^;]*refresh=[^;]*/, "");
}

export function randomName(): string {
  return base64url(crypto.getRandomValues(new Uint8Array(12)));
}
