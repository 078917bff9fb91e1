// Next reads a global that this file sets.
import "next/dist/server/node-environment-baseline.js";
import type { Auth } from "@latchkey/core";
import { session } from "@latchkey/hono";
import { authProxy, requireSession } from "@latchkey/next";
import { Hono } from "hono";
import { workAsyncStorage } from "next/dist/server/app-render/work-async-storage.external.js";
import { workUnitAsyncStorage } from "next/dist/server/app-render/work-unit-async-storage.external.js";
import { createRequestStoreForAPI } from "next/dist/server/async-storage/request-store.js";
import { cookies, headers } from "next/headers.js";
import { NextRequest, NextResponse } from "next/server.js";
import { get, ORIGIN } from "./requests.ts";
import type { Path } from "./rounds.ts";

/** A host alone, and the same host with the adapter of Latchkey. */
export interface HostPair {
  readonly alone: Path;
  readonly adapted: Path;
}

export function hostPairs(auth: Auth, cookie: string): readonly HostPair[] {
  return [honoPair(auth, cookie), proxyPair(auth, cookie), requirePair(auth, cookie)];
}

function honoPair(auth: Auth, cookie: string): HostPair {
  const alone = new Hono().get("/page", (c) => c.json({ ok: true }));
  const adapted = new Hono().use("*", session(auth)).get("/page", (c) => c.json({ ok: true }));
  const request = get(cookie);
  return {
    alone: { name: "Hono alone", run: () => alone.fetch(request) },
    adapted: { name: "Hono with session(auth)", run: () => adapted.fetch(request) },
  };
}

function proxyPair(auth: Auth, cookie: string): HostPair {
  const proxy = authProxy(auth);
  const request = nextRequest(cookie);
  return {
    alone: { name: "a proxy of Next alone", run: async () => NextResponse.next() },
    adapted: { name: "a proxy of Next with authProxy(auth)", run: () => proxy(request) },
  };
}

/** A route handler of Next. The storages are those that its server fills before it calls the handler. */
function requirePair(auth: Auth, cookie: string): HostPair {
  const request = nextRequest(cookie);
  const url = { pathname: "/page", search: "" };
  const implicit = { tags: [], expirationsByCacheKind: new Map() };
  // The part of it that these calls read.
  const work = { route: "/page" } as Parameters<typeof workAsyncStorage.run>[0];
  const inRequest = (handler: () => Promise<unknown>): Promise<unknown> => {
    const store = createRequestStoreForAPI(request, url, implicit, undefined, undefined, undefined);
    return workAsyncStorage.run(work, () => workUnitAsyncStorage.run(store, handler));
  };
  const read = async (): Promise<unknown> => [await cookies(), await headers()];
  return {
    alone: { name: "cookies() and headers() of Next", run: () => inRequest(read) },
    adapted: { name: "requireSession(auth) of Next", run: () => inRequest(() => requireSession(auth)) },
  };
}

function nextRequest(cookie: string): NextRequest {
  const headers = new Headers(get(cookie).headers);
  headers.set("host", "app.example.com");
  headers.set("x-forwarded-proto", "https");
  return new NextRequest(`${ORIGIN}/page`, { headers });
}
