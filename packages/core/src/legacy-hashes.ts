export { argon2Hashes } from "./password/argon2.ts";
export { bcryptHashes } from "./password/legacy-bcrypt.ts";
export type { LegacyHashes, LegacyOptions } from "./password/legacy-format.ts";
export {
  betterAuthHashes,
  djangoHashes,
  type FirebaseOptions,
  firebaseHashes,
  werkzeugHashes,
} from "./password/legacy-formats.ts";
