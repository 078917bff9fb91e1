export type { PasswordVerdict } from "./check.ts";
export type { PasswordHasher } from "./hasher.ts";
export type { Identifier } from "./identifier.ts";
export { type Pbkdf2Options, pbkdf2Hasher } from "./pbkdf2.ts";
export { type PasswordOptions, type PasswordProvider, password } from "./provider.ts";
export { type ScryptCost, type ScryptOptions, scryptHasher } from "./scrypt.ts";
