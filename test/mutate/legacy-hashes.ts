import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const LEGACY = [`${CORE}/password/legacy.test.ts`];
const ARGON2 = [`${CORE}/password/argon2.test.ts`];
const ROWS = [`${CORE}/accounts/import-users.test.ts`];
const IMPORT = ["test/sessions/import-users.test.ts"];
const POLLUTION = ["test/attacks/prototype-pollution.test.ts"];

/** What decides about users of another system and their hashes. */
export const legacyHashEdits: readonly Edit[] = [
  ...editsIn(`${CORE}/password/legacy-verifier.ts`, LEGACY, [
    [
      "an account of the hasher costs less",
      "for (const one of legacy) {",
      "for (const one of format === null ? [] : legacy) {",
    ],
    ["any format matches", "if (one === format && answer)", "if (answer)"],
    [
      "a slip replaces an old hash",
      'found = readsAll(one, typed, stored) ? "legacy" : "part";',
      'found = "legacy";',
    ],
    ["a truthy answer is a match", 'requireFlag("legacy.verify", answer);', ""],
    [
      "an old hash costs less",
      "if (await ask(normal, isLegacy ? null : stored))",
      "if (!isLegacy && (await ask(normal, stored)))",
    ],
    [
      "old hashes have no queue",
      "queue(() => askLegacy(typed, isLegacy ? stored : null))",
      "askLegacy(typed, isLegacy ? stored : null)",
    ],
  ]),
  ...editsIn(`${CORE}/password/legacy-format.ts`, LEGACY, [
    ["a hash that is not read costs nothing", "await like.matches(password);", ""],
    ["a cheaper hash costs less", "if (missing > 0) await", "if (missing < 0) await"],
  ]),
  ...editsIn(`${CORE}/password/legacy-derivations.ts`, LEGACY, [
    [
      "half of scrypt made up for by all of it",
      "for (const at of costsOf(work, cost)) await derive(password, at);",
      "await derive(password, { ...cost, p: Math.max(1, Math.round(work / (N * r))) });",
    ],
    ["any number of rounds", "|| rounds > MAX_ROUNDS", ""],
    ["scrypt of any cost", "if (!isAffordable(cost))", "if (!Number.isInteger(cost.ln))"],
    [
      "any key of PBKDF2",
      "constantTimeEqual(await derive(password, rounds), key)",
      "(await derive(password, rounds)) !== key",
    ],
    ["a part of a key", "key === null || key.length !== digest.length", "key === null"],
  ]),
  ...editsIn(`${CORE}/password/scrypt.ts`, LEGACY, [["N that scrypt does not allow", "ln < 16 * r && ", ""]]),
  ...editsIn(`${CORE}/password/legacy-bcrypt.ts`, LEGACY, [
    ["bcrypt of any cost", "|| cost > MAX_COST", ""],
    ["more than bcrypt reads", "utf8(prepare(password)).length < READ && ", ""],
  ]),
  ...editsIn(`${CORE}/password/legacy-formats.ts`, LEGACY, [
    [
      "another spelling replaces an old hash",
      'password.normalize("NFKC") === password.normalize("NFC")',
      "true",
    ],
  ]),
  ...editsIn(`${CORE}/password/argon2.ts`, LEGACY, [
    ["Argon2 of any memory", "memory <= MAX_MEMORY && ", ""],
    ["Argon2 of any number of passes", " && workOf(cost) <= MAX_WORK", ""],
    ["any version of Argon2", 'if (version !== "19")', 'if (version === "")'],
  ]),
  ...editsIn(`${CORE}/password/argon2.ts`, ARGON2, [
    ["a weaker hash stays", "workOf(stored) < workOf(cost) ||", ""],
  ]),
  ...editsIn(`${CORE}/accounts/import-users.ts`, ROWS, [
    ["any member of a row", 'refuseUnknown("users.import", "", row, Object.keys(MEMBERS));', ""],
    ["any id", "if (id !== null && !ID.test(id))", "if (id === null && id !== null)"],
    [
      "accounts of a user that no repetition finds",
      "if (id === null && accounts.length > 0)",
      "if (id !== null && accounts.length < 0)",
    ],
    ["a truthy proof", 'if (value !== undefined && typeof value !== "boolean")', "if (value === null)"],
    ["any user with the id", "return isSame || byId.credentialsVersion > 0", "return byId !== null"],
    ["a link comes back", "isUntouched: isSame && byId.credentialsVersion === 0", "isUntouched: isSame"],
  ]),
  ...editsIn(`${CORE}/accounts/import-users.ts`, IMPORT, [
    ["a proof of another mailbox", "if (isProven) requireSameMailbox(email, normal);", ""],
    ["a hash that nothing reads", 'if (verdict.kind === "ok") return null;', "return null;"],
    [
      "a hash that is not run",
      'if (verdict.kind === "refused") return verdict.reason;',
      'if (verdict.kind === "refused") return null;',
    ],
    ["a link that was removed", "if (decision.isUntouched && !", "if (!"],
    ["half of a user", "await deleteUser(app, created.id);", ""],
    [
      "the account of another user",
      "if (owner !== null && owner.id !== user.id)",
      "if (owner === null && owner !== null)",
    ],
    ["any number of rows", "if (rows.length > MOST_ROWS)", "if (rows.length > 10 * MOST_ROWS)"],
  ]),
  ...editsIn(`${CORE}/accounts/import-users.ts`, POLLUTION, [
    ["inherited members of a row", "const row = withoutPrototype(given);", "const row = given;"],
  ]),
  ...editsIn(`${CORE}/auth/public-calls.ts`, POLLUTION, [
    ["inherited members of an argument", "passed.map(withoutPrototype)", "passed"],
  ]),
  ...editsIn(`${CORE}/accounts/credentials.ts`, IMPORT, [
    [
      "the old password comes back with a new hash",
      "{ ifVersion: user.credentialsVersion, raiseVersion: false }",
      "{ ifVersion: null, raiseVersion: false }",
    ],
  ]),
  ...editsIn(`${CORE}/accounts/accounts.ts`, IMPORT, [
    [
      "a new user with a proof of another mailbox",
      "if (email !== null && input.emailVerified === true)",
      "if (false)",
    ],
  ]),
  ...editsIn(`${CORE}/accounts/update-user.ts`, IMPORT, [
    [
      "an address with a proof of another mailbox",
      "if (verified === true) requireSameMailbox(email, normal);",
      "",
    ],
  ]),
];
