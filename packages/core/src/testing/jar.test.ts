import { expect, it } from "vitest";
import { openJar } from "./jar.ts";

const ORIGIN = "https://app.example.com";

function jarOf(lines: readonly string[], at: () => number = () => 0) {
  const jar = openJar({ now: at });
  jar.take(
    new Headers(lines.map((line): [string, string] => ["set-cookie", line])),
    new URL(`${ORIGIN}/a/b`),
  );
  return jar;
}

const sent = (lines: readonly string[], url: string): string | null => jarOf(lines).header(new URL(url));

it.each([
  [["a=1"], `${ORIGIN}/a`, "a=1"],
  [["a=1"], `${ORIGIN}/ab`, null],
  [["a=1; Path=/", "b=2; Path=/a"], `${ORIGIN}/a/c`, "b=2; a=1"],
  [["a=1; Path=/", "a=2; Path=/"], ORIGIN, "a=2"],
  [["a=1; Path=/", "a=; Path=/; Max-Age=0"], ORIGIN, null],
  [["a=1; Path=/", "a=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], ORIGIN, null],
  [["a=1; Path=/; Secure"], "http://app.example.com/", null],
  [["a=1; Path=/"], "https://api.example.com/", null],
  [["a=1; Path=/; Domain=example.com"], "https://api.example.com/", "a=1"],
  [["a=1; Path=/; Domain=other.example"], ORIGIN, null],
])("cookies %j are sent to %s as %j", (lines, url, header) => {
  expect(sent(lines, url)).toBe(header);
});

it("a cookie ends by the clock of the jar", () => {
  let now = 5_000;
  const jar = jarOf(["a=1; Path=/; Max-Age=10"], () => now);
  now += 9_999;
  expect(jar.header(new URL(ORIGIN))).toBe("a=1");
  now += 1;
  expect(jar.header(new URL(ORIGIN))).toBeNull();
  expect(jar.list()).toEqual([]);
});

it("lists cookies for a browser, whose clock is the one of this machine", () => {
  const [cookie] = jarOf(["a=1; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Strict"]).list();
  expect(cookie).toEqual({
    ...{ name: "a", value: "1", domain: "app.example.com", path: "/" },
    ...{ httpOnly: true, secure: true, sameSite: "Strict", expires: expect.any(Number) },
  });
  const left = (cookie?.expires ?? 0) - Date.now() / 1_000;
  expect(left > 500 && left <= 600).toBe(true);
  expect(jarOf(["a=1"]).list()).toMatchObject([{ expires: -1, sameSite: "Lax" }]);
});
