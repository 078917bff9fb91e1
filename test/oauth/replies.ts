import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** Carries out one answer of a server. */
export type Reply = (response: ServerResponse) => void;
export type Headers = Readonly<Record<string, string | readonly string[]>>;

/** Any status, headers and bytes. */
export function bytes(status: number, headers: Headers, body: string | Uint8Array = ""): Reply {
  return (response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.writeHead(status);
    response.end(body);
  };
}

export function json(value: unknown, status = 200, headers: Headers = {}): Reply {
  return bytes(status, { "content-type": "application/json", ...headers }, JSON.stringify(value));
}

/** JSON behind a byte order mark. */
export function jsonWithMark(value: unknown): Reply {
  return bytes(200, { "content-type": "application/json" }, `\uFEFF${JSON.stringify(value)}`);
}

export function html(status = 200, body = "<!DOCTYPE html><title>Sign in to the network</title>"): Reply {
  return bytes(status, { "content-type": "text/html; charset=utf-8" }, body);
}

export function redirect(location: string, status = 302): Reply {
  return bytes(status, { location });
}

/** JSON of that many megabytes: a right answer with a long member, so that only its size is wrong. */
export function huge(value: object = {}, megabytes = 10): Reply {
  return json({ ...value, padding: "x".repeat(megabytes * 1_048_576) });
}

/** The same, packed: a few kilobytes on the wire. */
export function gzipBomb(value: object = {}, megabytes = 10): Reply {
  const packed = gzipSync(JSON.stringify({ ...value, padding: "x".repeat(megabytes * 1_048_576) }));
  return bytes(200, { "content-type": "application/json", "content-encoding": "gzip" }, packed);
}

/** Another reply, so many milliseconds later. */
export function late(milliseconds: number, reply: Reply): Reply {
  return (response) => {
    const timer = setTimeout(() => reply(response), milliseconds);
    response.once("close", () => clearTimeout(timer));
  };
}

/** Takes the request and never answers. */
export function hang(): Reply {
  return () => undefined;
}

/** Right headers, then a byte of white space every so often, without end. */
export function drip(milliseconds = 20): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const timer = setInterval(() => response.write(" "), milliseconds);
    response.once("close", () => clearInterval(timer));
  };
}

/** Right headers and the first half of a body, then the connection breaks. */
export function cut(value: unknown): Reply {
  return (response) => {
    const body = JSON.stringify(value);
    response.writeHead(200, { "content-type": "application/json", "content-length": String(body.length) });
    response.write(body.slice(0, body.length / 2), () => response.destroy());
  };
}
