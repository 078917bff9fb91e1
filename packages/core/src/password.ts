export { type Argon2Cost, type Argon2Options, argon2Hasher } from "./password/argon2.ts";
export { type BreachedPasswords, type HaveIBeenPwnedOptions, haveIBeenPwned } from "./password/breached.ts";
export type { PasswordHasher, QueueOptions } from "./password/hasher.ts";
export { type Pbkdf2Options, pbkdf2Hasher } from "./password/pbkdf2.ts";
export type { PasswordVerdict } from "./password/policy.ts";
export { type PasswordOptions, type PasswordProvider, password } from "./password/provider.ts";
export { type ScryptCost, type ScryptOptions, scryptHasher } from "./password/scrypt.ts";
export type { Env, NativeCrypto } from "./platform/env.ts";
