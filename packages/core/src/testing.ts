export { type CreateTestAuth, createTestAuth, type TestAuth, type TestAuthOptions } from "./testing/auth.ts";
export type { TestClock } from "./testing/clock.ts";
export {
  createTestIssuer,
  type IssuedSignInOptions,
  type TestIssuer,
  type TestIssuerOptions,
} from "./testing/issuer.ts";
export type { TestCookie } from "./testing/jar.ts";
export type { CapturedMail, TestMail } from "./testing/mail.ts";
export { type SignedIn, type SignInAs, type SignInOptions, signInAs } from "./testing/sign-in.ts";
