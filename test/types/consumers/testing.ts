import { createTestAuth, createTestIssuer, signInAs } from "@latchkey/core/testing";
import { createValidator } from "@latchkey/core/validator";
import { auth } from "./auth.js";

export const kit = createTestAuth();

export async function read() {
  const ada = await kit.signInAs("1", { amr: ["pwd"] });
  const { url } = await kit.mail.next("reset");
  const { code } = await kit.mail.next("code");
  return {
    ada,
    url: url.length,
    code: code.length,
    at: kit.clock.now(),
    types: kit.events.map(({ type }) => type),
  };
}

export async function ofApplication() {
  const { session, storageState } = await signInAs(auth, "1", { origin: "http://localhost:3000" });
  return [session.context, storageState] as const;
}

export async function ofValidator() {
  const issuer = await createTestIssuer({ issuer: "https://app.example.com" });
  const { headers } = await issuer.signInAs("1", { claims: { plan: "gold" } });
  return createValidator(issuer.options).validate(new Request("http://localhost/", { headers }));
}
