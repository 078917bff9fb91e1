import { minutes, type Validation } from "@latchkey/core";
import { describe, expect, it } from "vitest";
import { expectError } from "../fixtures/answers.ts";
import { openServer } from "../fixtures/server.ts";
import { counted } from "../fixtures/wrapped-store.ts";

const FRESH = { maxAge: minutes(15) };
const CODE = "insufficient_user_authentication";

async function expectRefused(validation: Validation, challenge: string): Promise<void> {
  expect(validation).toMatchObject({ ok: false, code: CODE, status: 401 });
  expect(validation.headers.get("www-authenticate")).toBe(challenge);
  if (validation.ok) return;
  const response = validation.response();
  expect(response.headers.get("www-authenticate")).toBe(challenge);
  expect(response.headers.getSetCookie()).toEqual(validation.headers.getSetCookie());
  await expectError(response, 401, CODE);
}

describe("validate with bounds", () => {
  it("refuses a session whose sign-in is too old, keeps its cookies, and accepts it after a new sign-in", async () => {
    const { auth, clock, signedIn } = openServer();
    const ann = await signedIn();
    clock.advance(900);
    const last = await auth.validate(ann.request("/"), FRESH);
    expect(last).toMatchObject({ ok: true, refreshed: true });
    ann.take(last.headers);
    clock.advance(1);
    const old = await auth.validate(ann.request("/"), FRESH);
    await expectRefused(old, `Bearer error="${CODE}", max_age=900`);
    expect(old.headers.getSetCookie()).toEqual([]);
    expect(await auth.validate(ann.request("/"))).toMatchObject({ ok: true });
    const again = await signedIn();
    expect(await auth.validate(again.request("/"), FRESH)).toMatchObject({ ok: true });
  });

  it("sends the cookies of a refresh also with the refusal", async () => {
    const { auth, clock, signedIn } = openServer();
    const ann = await signedIn();
    const before = ann.cookie("refresh");
    clock.advance(3_600);
    const refused = await auth.validate(ann.request("/"), FRESH);
    await expectRefused(refused, `Bearer error="${CODE}", max_age=900`);
    expect(refused.headers.getSetCookie()).toHaveLength(2);
    expect(refused.headers.get("cache-control")).toBe("private, no-store");
    ann.take(refused.headers);
    expect(ann.cookie("refresh")).not.toBe(before);
    expect(await auth.validate(ann.request("/"))).toMatchObject({ ok: true, refreshed: false });
  });

  it("compares the methods of the sign-in, also of one by hand", async () => {
    const { auth, signedIn } = openServer();
    const ann = await signedIn();
    expect(await auth.validate(ann.request("/"), { amr: ["pwd"] })).toMatchObject({ ok: true });
    const refused = await auth.validate(ann.request("/"), { amr: ["pwd", "otp"] });
    await expectRefused(refused, `Bearer error="${CODE}"`);
    const { id } = await auth.users.create({ email: "eve@example.com" });
    const { accessToken } = await auth.sessions.create(id, { transport: "bearer", amr: ["otp"] });
    const headers = { authorization: `Bearer ${accessToken}` };
    const request = new Request("http://localhost:3000/", { headers });
    expect(await auth.validate(request, { amr: ["otp"] })).toMatchObject({ ok: true });
    await expectRefused(
      await auth.validate(request, { amr: ["pwd"], maxAge: 60 }),
      `Bearer error="${CODE}", max_age=60`,
    );
  });

  it("leaves other failures as they are", async () => {
    const { auth, browser, signedIn } = openServer();
    expect(await auth.validate(browser().request("/"), FRESH)).toMatchObject({ code: "unauthenticated" });
    const forged = (await signedIn()).request("/", {
      method: "POST",
      headers: { "sec-fetch-site": "cross-site" },
    });
    expect(await auth.validate(forged, FRESH)).toMatchObject({ code: "csrf_rejected", status: 403 });
  });

  it("names the scheme of the application", async () => {
    const { auth, clock, signedIn } = openServer({ bearer: { schemes: ["token"] } });
    const ann = await signedIn();
    clock.advance(901);
    await expectRefused(await auth.validate(ann.request("/"), FRESH), `Token error="${CODE}", max_age=900`);
  });

  it("keeps the time of the sign-in through refreshes, and costs no call to the store", async () => {
    const { store, calls } = counted(openServer().store);
    const { auth, clock, signedIn } = openServer({ store });
    const ann = await signedIn();
    for (let n = 0; n < 3; n++) {
      clock.advance(540);
      ann.take((await auth.validate(ann.request("/"))).headers);
    }
    calls.length = 0;
    await expectRefused(await auth.validate(ann.request("/"), FRESH), `Bearer error="${CODE}", max_age=900`);
    expect(calls).toEqual([]);
  });
});

describe("stepUp", () => {
  it("judges a validation that was made before, as validate does", async () => {
    const { auth, clock, signedIn } = openServer();
    const ann = await signedIn();
    clock.advance(901);
    const valid = await auth.validate(ann.request("/"));
    expect(auth.stepUp(valid, { maxAge: 901 })).toBe(valid);
    expect(auth.stepUp(valid, { amr: ["pwd"] })).toBe(valid);
    const refused = auth.stepUp(valid, FRESH);
    await expectRefused(refused, `Bearer error="${CODE}", max_age=900`);
    expect(refused.headers.getSetCookie()).toEqual(valid.headers.getSetCookie());
    expect(auth.stepUp(refused, { maxAge: 1 })).toBe(refused);
  });
});
