import { createAuth } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import { NextRequest } from "next/server.js";
import { describe, expect, it } from "vitest";
import { authProxy, routeHandlers } from "./index.ts";

const ADA = JSON.stringify({ email: "ada@example.com", password: "correct horse battery" });

/** A request as `next start` makes it: its URL has the address of the server, and Host has the one of the browser. */
function asked(
  url: string,
  host: string,
  path: string,
  init: ConstructorParameters<typeof NextRequest>[1] = {},
) {
  const headers = new Headers(init.headers);
  headers.set("host", host);
  headers.set("x-forwarded-proto", "http");
  return new NextRequest(url + path, { ...init, headers });
}

const signup = (url: string, host: string): NextRequest => {
  const headers = { "content-type": "application/json", origin: `http://${host}` };
  return asked(url, host, "/auth/signup?x=1", { method: "POST", headers, body: ADA });
};

describe("without baseURL", () => {
  it.each([
    ["a port that docker maps", "http://localhost:3000", "localhost:8080"],
    ["every address of the machine", "http://0.0.0.0:3000", "localhost:3000"],
  ])("serves localhost behind %s", async (_, url, host) => {
    const auth = createAuth({ store: memory(), providers: [password()] });
    const answer = await routeHandlers(auth).POST(signup(url, host));
    expect(answer.status).toBe(201);
    const lines = answer.headers.getSetCookie().map((line) => line.split(";", 1)[0]);
    const port = new URL(`http://${host}`).port;
    expect(lines.map((line) => line?.split("=", 1)[0])).toEqual([
      `latchkey.access.${port}`,
      `latchkey.refresh.${port}`,
      `latchkey.device.${port}`,
    ]);
    const proxy = authProxy(auth, { protect: ["/:all*"], signIn: "/login" });
    const headers = { cookie: lines.join("; "), origin: `http://${host}` };
    const passed = await proxy(asked(url, host, "/dashboard", { method: "POST", headers, body: "x" }));
    expect(passed.headers.get("x-middleware-next")).toBe("1");
    const { status } = await proxy(asked(url, host, "/dashboard"));
    expect(status).toBe(303);
  });

  it.each(["app.example.com", "[::"])("refuses other hosts, such as %s", async (host) => {
    const auth = createAuth({ store: memory(), providers: [password()] });
    const answer = await routeHandlers(auth).POST(signup("http://localhost:3000", host));
    expect({ status: answer.status, cookies: answer.headers.getSetCookie() }).toEqual({
      status: 400,
      cookies: [],
    });
    expect((await answer.json()).message).toContain("baseURL");
  });
});
