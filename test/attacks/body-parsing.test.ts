import { describe, expect, it } from "vitest";
import { newStore } from "../fixtures/environment-store.ts";
import type { Call } from "../fixtures/requests.ts";
import type { TestServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";
import { openAttackedServer, PASSWORD } from "./server.ts";
import { type Answer, read, signUp } from "./session.ts";

const LIMIT = 16_384;
const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const PATHS = ["/auth/signup", "/auth/login", "/auth/refresh", "/auth/logout"] as const;
const CREDENTIALS = { email: "ann@example.com", password: PASSWORD };

type Verdict = Pick<Answer, "status" | "code">;

async function post(server: TestServer, path: string, call: Call): Promise<Verdict> {
  const { status, code } = await read(await server.send(path, { method: "POST", ...call }));
  return { status, code };
}

/** Yields `size` bytes in pieces, and notes whether the reader cancelled it. */
function stream(size: number, noted: { stopped: boolean }): ReadableStream<Uint8Array> {
  let left = size;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(new Uint8Array(Math.min(left, 1_024)).fill(0x20));
      left -= 1_024;
    },
    cancel() {
      noted.stopped = true;
    },
  });
}

describe.each(PATHS)("bodies at %s", (path) => {
  it("BOD-01 a body above 16 KiB is refused, however it is sent, and the rest is not read", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const refused: Verdict = { status: 413, code: "payload_too_large" };
    expect(await post(server, path, { headers: JSON_TYPE, body: `{"a":"${"x".repeat(LIMIT)}"}` })).toEqual(
      refused,
    );
    expect(
      await post(server, path, { headers: { ...JSON_TYPE, "content-length": "999999" }, body: "{}" }),
    ).toEqual(refused);
    const noted = { stopped: false };
    expect(await post(server, path, { headers: JSON_TYPE, body: stream(10_000_000, noted) })).toEqual(
      refused,
    );
    expect(noted.stopped).toBe(true);
    const lying = { stopped: false };
    const headers = { ...JSON_TYPE, "content-length": "2" };
    expect(await post(server, path, { headers, body: stream(10_000_000, lying) })).toEqual(refused);
    expect(counting.calls).toEqual([]);
  });

  it.each(["gzip", "br", "deflate", "identity", "zstd, gzip", ""])(
    "BOD-02 the encoding %j is refused, and nothing is decompressed",
    async (encoding) => {
      const headers = { ...JSON_TYPE, "content-encoding": encoding };
      expect(await post(openAttackedServer(), path, { headers, body: "{}" })).toEqual({
        status: 415,
        code: "unsupported_media_type",
      });
    },
  );

  it.each([
    "",
    "text/plain",
    "application/json;charset=utf-16",
    "application/json; charset=latin1",
    "application/jsonp",
    "application/problem+json",
    "application/json, text/plain",
    "multipart/form-data; boundary=x",
    "x-application/json",
    "application/json; x=y",
    "application/x-www-form-urlencoded; charset=utf-16",
    "text/json",
  ])("BOD-03 the type %j is refused", async (type) => {
    const call = { headers: { "content-type": type }, body: JSON.stringify(CREDENTIALS) };
    expect(await post(openAttackedServer(), path, call)).toEqual({
      status: 415,
      code: "unsupported_media_type",
    });
  });

  it.each([
    "null",
    "[]",
    '"x"',
    "1",
    "true",
    " ",
    "{",
    "}",
    "{}{}",
    '{"a":1} x',
    "{'a':1}",
    "/**/{}",
    "{a:1}",
    "NaN",
    '{"a":NaN}',
    '{"a":1,}',
    "\ufeff{}",
    "[".repeat(8_000),
    `${"[".repeat(8_000)}${"]".repeat(8_000)}`,
    `{"a":${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`,
    '{"email":"\u0001"}',
  ])("BOD-04 the text %# is refused, because it is no JSON object of the expected form", async (text) => {
    expect(await post(openAttackedServer(), path, { headers: JSON_TYPE, body: text })).toEqual({
      status: 400,
      code: "invalid_request",
    });
  });

  it.each([[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80]])(
    "BOD-07 bytes that are not UTF-8 are refused (%#)",
    async (...bytes) => {
      const text = Buffer.from('{"email":"ann@example.com","password":"correct horse @"}');
      const at = text.indexOf(0x40, 30);
      const body = new Uint8Array(
        Buffer.concat([text.subarray(0, at), Buffer.from(bytes), text.subarray(at + 1)]),
      );
      expect(await post(openAttackedServer(), path, { headers: JSON_TYPE, body })).toEqual({
        status: 400,
        code: "invalid_request",
      });
    },
  );

  it.each(["a=1&a=2", "a=%", "a=%zz", "a=%ff", "%c0%80=1", "email=a&email=b", "x=%ed%a0%80", "\ufeffa=1"])(
    "BOD-09 the form %j is refused",
    async (body) => {
      expect(await post(openAttackedServer(), path, { headers: FORM_TYPE, body })).toEqual({
        status: 400,
        code: "invalid_request",
      });
    },
  );

  it("BOD-09 ten thousand fields are parsed, and brackets and dots in names have no meaning", async () => {
    const server = openAttackedServer();
    const many = Array.from({ length: 1_500 }, (_, n) => `f${n}=${n}`).join("&");
    const { status } = await post(server, path, {
      headers: FORM_TYPE,
      body: `${many}&email[a]=b&password.x=y&a[]=1`,
    });
    expect([200, 400, 401]).toContain(status);
  });
});

describe("bodies that were read or are missing", () => {
  it("BOD-10 a body that was read or is being read is refused", async () => {
    const server = openAttackedServer();
    const make = (): Request =>
      new Request("https://app.example.com/auth/login", {
        method: "POST",
        headers: JSON_TYPE,
        body: JSON.stringify(CREDENTIALS),
      });
    const used = make();
    await used.text();
    const locked = make();
    locked.body?.getReader();
    for (const request of [used, locked]) {
      const answer = await read(await server.auth.handle(request));
      expect({ status: answer.status, code: answer.code }).toEqual({ status: 400, code: "invalid_request" });
    }
  });

  it("BOD-10 a missing body is refused where the route needs one, and accepted elsewhere", async () => {
    const server = openAttackedServer();
    expect(await post(server, "/auth/login", {})).toEqual({ status: 400, code: "invalid_request" });
    expect(await post(server, "/auth/signup", { headers: JSON_TYPE, body: "" })).toEqual({
      status: 400,
      code: "invalid_request",
    });
    expect(await post(server, "/auth/refresh", {})).toEqual({ status: 401, code: "unauthenticated" });
    expect(
      await post(server, "/auth/logout", { headers: { "content-type": "text/plain" }, body: "" }),
    ).toEqual({ status: 200, code: null });
  });

  it("BOD-12 a client that disconnects in the middle of a body changes nothing", async () => {
    const counting = counted(newStore());
    const server = openAttackedServer({ store: counting.store });
    const broken = (): ReadableStream<Uint8Array> => {
      let sent = false;
      return new ReadableStream({
        pull(controller) {
          if (sent) return controller.error(new Error("gone"));
          sent = true;
          controller.enqueue(new TextEncoder().encode('{"email":"ann@'));
        },
      });
    };
    for (const path of PATHS) {
      expect(await post(server, path, { headers: JSON_TYPE, body: broken() })).toEqual({
        status: 400,
        code: "invalid_request",
      });
    }
    expect(counting.calls).toEqual([]);
  });
});

describe("members of a body", () => {
  it.each([["ann@example.com"], { a: 1 }, 1, true, null, [], 0, ["a", "b"]])(
    "PWD-08 %j is refused where a text is expected",
    async (value) => {
      const server = openAttackedServer();
      for (const path of ["/auth/login", "/auth/signup"]) {
        for (const name of ["email", "password", "transport"]) {
          expect(await post(server, path, { body: { ...CREDENTIALS, [name]: value } })).toEqual({
            status: 400,
            code: "invalid_request",
          });
        }
      }
      expect(await post(server, "/auth/refresh", { body: { refresh_token: value } })).toEqual({
        status: 400,
        code: "invalid_request",
      });
      expect(await post(server, "/auth/logout", { body: { refresh_token: value } })).toEqual({
        status: 400,
        code: "invalid_request",
      });
      expect(await post(server, "/auth/logout", { body: { scope: value } })).toEqual({
        status: 400,
        code: "invalid_request",
      });
    },
  );

  it("PWD-07 BOD-07 lone surrogates are refused at sign-up and sign-in", async () => {
    const server = openAttackedServer();
    for (const path of ["/auth/signup", "/auth/login"]) {
      for (const name of ["email", "password", "transport"]) {
        const body = JSON.stringify({ ...CREDENTIALS, [name]: "correct horse \ud800" });
        expect(await post(server, path, { headers: JSON_TYPE, body })).toEqual({
          status: 400,
          code: "invalid_request",
        });
      }
    }
  });

  it("BOD-05 the last of duplicate members counts, for the sign-in and for the limit of failures", async () => {
    const server = openAttackedServer();
    await signUp(server, "cookie");
    const text = `{"email":"eve@example.com","email":"ann@example.com","password":"x","password":${JSON.stringify(PASSWORD)}}`;
    expect(await post(server, "/auth/login", { headers: JSON_TYPE, body: text })).toEqual({
      status: 200,
      code: null,
    });
    const other = `{"email":"ann@example.com","email":"eve@example.com","password":${JSON.stringify(PASSWORD)}}`;
    expect(await post(server, "/auth/login", { headers: JSON_TYPE, body: other })).toEqual({
      status: 401,
      code: "invalid_credentials",
    });
    expect(server.events.at(-1)).toMatchObject({ type: "sign_in.failed", userId: null });
  });

  it("BOD-08 unknown members of a body are not stored", async () => {
    const server = openAttackedServer();
    const more = {
      role: "admin",
      emailVerified: true,
      id: "root",
      userId: "root",
      banned: false,
      credentialsVersion: 99,
      disabledAt: null,
      passwordHash: "x",
      context: { role: "admin" },
      amr: ["mfa"],
      picture: "https://evil.example/eve.png",
    };
    const answer = await read(
      await server.send("/auth/signup", { method: "POST", body: { ...more, ...CREDENTIALS } }),
    );
    expect(answer.body["session"]).toMatchObject({ amr: ["pwd"], context: {} });
    const user = await server.store.users.find({ email: CREDENTIALS.email });
    expect(user).toMatchObject({ emailVerified: false, picture: null, credentialsVersion: 0 });
    expect(user?.id).not.toBe("root");
    expect(JSON.stringify(answer.body)).not.toMatch(/admin|root|passwordHash|scrypt/);
  });
});
