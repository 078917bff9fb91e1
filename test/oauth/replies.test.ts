import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { localFetch, wellKnown } from "../fixtures/providers/local-fetch.ts";
import {
  cut,
  drip,
  gzipBomb,
  hang,
  html,
  huge,
  json,
  jsonWithMark,
  late,
  type Reply,
  redirect,
} from "../fixtures/providers/replies.ts";
import { type RiggedProvider, startRiggedProvider } from "../fixtures/providers/rigged-provider.ts";

const MEGABYTE = 1_048_576;
let rig: RiggedProvider;

beforeAll(async () => {
  rig = await startRiggedProvider();
});
afterAll(() => rig.close());

function ask(reply: Reply, init: RequestInit = {}): Promise<Response> {
  rig.answers.token = () => reply;
  return fetch(`${rig.origin}/token`, { redirect: "manual", ...init });
}

describe("a reply of the test provider", () => {
  it("has the size of its option, compressed or not", async () => {
    const plain = await ask(huge({ keys: [] }, 2));
    expect((await plain.text()).length).toBeGreaterThan(2 * MEGABYTE);
    const packed = await ask(gzipBomb({ keys: [] }, 2));
    expect(Number(packed.headers.get("content-length"))).toBeLessThan(10_000);
    expect(await packed.json()).toMatchObject({ keys: [] });
  });

  it("is a page, a redirect, or JSON after a byte order mark", async () => {
    expect((await ask(html())).headers.get("content-type")).toBe("text/html; charset=utf-8");
    const moved = await ask(redirect("https://evil.example/token", 307));
    expect({ status: moved.status, location: moved.headers.get("location") }).toEqual({
      status: 307,
      location: "https://evil.example/token",
    });
    const marked = await ask(jsonWithMark({ a: 1 }));
    expect([...new Uint8Array(await marked.arrayBuffer())].slice(0, 4)).toEqual([0xef, 0xbb, 0xbf, 0x7b]);
  });

  it("comes late, never, without an end, or only half", async () => {
    const begun = performance.now();
    expect((await ask(late(30, json({})))).status).toBe(200);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(25);
    const signal = (): AbortSignal => AbortSignal.timeout(100);
    await expect(ask(hang(), { signal: signal() })).rejects.toThrow();
    const endless = await ask(drip(5), { signal: signal() });
    expect(endless.status).toBe(200);
    await expect(endless.text()).rejects.toThrow();
    const half = await ask(cut({ access_token: "x".repeat(100) }));
    await expect(half.text()).rejects.toThrow();
  });

  it("has the status 500 for a fault of the test", async () => {
    rig.answers.userinfo = () => {
      throw new Error("the test is wrong");
    };
    const response = await fetch(`${rig.origin}/userinfo`);
    expect({ status: response.status, text: await response.text() }).toEqual({
      status: 500,
      text: '{"error":"Error: the test is wrong"}',
    });
    rig.answers.userinfo = rig.defaults.userinfo;
  });
});

describe("the local fetch of the tests", () => {
  it("sends requests for the listed origins to this machine, with method, headers and body", async () => {
    const { fetch, calls } = localFetch(wellKnown(rig.origin));
    rig.answers.token = () => json({ ok: true });
    const url = "https://oauth2.googleapis.com/token?x=y";
    const body = new URLSearchParams({ code: "a+b" });
    const init = { method: "POST", body, headers: { authorization: "Basic x" }, redirect: "manual" } as const;
    expect(await (await fetch(url, { ...init, signal: AbortSignal.timeout(1_000) })).json()).toEqual({
      ok: true,
    });
    await fetch(new Request(url, init));
    for (const request of rig.requestsTo("token").slice(-2)) {
      expect(request).toMatchObject({ method: "POST", path: "/token", body: "code=a%2Bb" });
      expect({ x: request.query.get("x"), authorization: request.headers.authorization }).toEqual({
        x: "y",
        authorization: "Basic x",
      });
    }
    expect(calls[0]).toEqual({ method: "POST", url, redirect: "manual", hasSignal: true });
  });

  it("refuses to leave the machine, at the first request and at a redirect", async () => {
    const { fetch, refused } = localFetch();
    await expect(fetch("https://accounts.google.com/token")).rejects.toThrow(TypeError);
    await expect(fetch("http://localhost.evil.example/")).rejects.toThrow(TypeError);
    rig.answers.token = () => redirect("https://evil.example/token", 307);
    const post = { method: "POST", body: "code=x" };
    await expect(fetch(`${rig.origin}/token`, post)).rejects.toThrow("https://evil.example");
    expect(refused).toEqual([
      "https://accounts.google.com/token",
      "http://localhost.evil.example/",
      "https://evil.example/token",
    ]);
  });

  it("follows a redirect as a browser does, or not at all", async () => {
    const { fetch, calls } = localFetch({ "https://evil.example": rig.origin });
    rig.answers.userinfo = () => json({});
    const url = `${rig.origin}/token`;
    const post = { method: "POST", body: "code=x", headers: { authorization: "Basic x" } };
    for (const [status, method, body] of [
      [307, "POST", "code=x"],
      [303, "GET", ""],
      [302, "GET", ""],
    ] as const) {
      rig.answers.token = () => redirect("https://evil.example/userinfo", status);
      expect((await fetch(url, post)).status).toBe(200);
      const landed = rig.requestsTo("userinfo").at(-1);
      expect(landed).toMatchObject({ method, body });
      expect(landed?.headers.authorization).toBeUndefined();
    }
    const before = calls.length;
    expect((await fetch(url, { ...post, redirect: "manual" })).status).toBe(302);
    await expect(fetch(url, { ...post, redirect: "error" })).rejects.toThrow(TypeError);
    expect(calls.length).toBe(before + 2);
    rig.answers.userinfo = rig.defaults.userinfo;
  });

  it("stops with the signal of the caller", async () => {
    const { fetch } = localFetch();
    rig.answers.token = () => hang();
    const aborted = fetch(`${rig.origin}/token`, { signal: AbortSignal.timeout(50) });
    await expect(aborted).rejects.toThrow(expect.objectContaining({ name: "TimeoutError" }));
  });
});
