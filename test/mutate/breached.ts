import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const ASKED = ["test/sessions/breached-passwords.test.ts"];
const OPTIONS = [`${CORE}/password/options.test.ts`];

/** What decides whether a password is known from a data breach, and what of it leaves the server. */
export const breachedEdits: readonly Edit[] = [
  ...editsIn(`${CORE}/password/breached.ts`, ASKED, [
    ["the whole digest leaves the server", "digest.slice(0, PREFIX)", "digest"],
    ["the length of an answer tells", '"add-padding": "true", ', ""],
    ["padding is an entry", " && Number(count) > 0", ""],
    ["any entry is the digest", "digits === rest && ", ""],
    ["a page is a range", 'if (digits === undefined) throw failure("no range");', ""],
    ["an error is a range", "if (answer.status !== 200) throw", "if (false) throw"],
    ["bytes are a range", 'if (answer.text === null) throw failure("no text");', ""],
    ["a user waits for long", "BREACHED_TIMEOUT: Seconds = 1;", "BREACHED_TIMEOUT: Seconds = 3;"],
    ["a slow answer is none", "BREACHED_TIMEOUT: Seconds = 1;", "BREACHED_TIMEOUT: Seconds = 0.2;"],
    ["a late connection stays open", "{ headers: HEADERS }, BREACHED_TIMEOUT", "{ headers: HEADERS }, 60"],
  ]),
  ...editsIn(`${CORE}/password/breached.ts`, OPTIONS, [
    ["the digits leave by http", "&& isLoopback(url.hostname)", ""],
    ["the digits are joined to a word", 'text.endsWith("/")', "true"],
    ["the digits are in no request", ' && url.hash === ""', ""],
    ["a password in an address", ' && url.password === ""', ""],
    ["a user in an address", ' && url.username === ""', ""],
  ]),
  ...editsIn(`${CORE}/password/provider.ts`, ASKED, [
    ["a password as it is typed", "askBreached(breached, normal, env)", "askBreached(breached, input, env)"],
    ["any answer of a source counts", 'requireFlag("breached", found);', ""],
    ["a source is waited for without end", "await withTimeout(asked, BREACHED_TIMEOUT, late)", "await asked"],
  ]),
  ...editsIn(`${CORE}/password/provider.ts`, OPTIONS, [
    ["any value is a source", "if (breached !== null) checkBreached(breached);", ""],
  ]),
  ...editsIn(`${CORE}/accounts/accounts.ts`, ASKED, [
    [
      "a breached password is accepted",
      '(await isBreached(app, password)) ? "breached"',
      'false ? "breached"',
    ],
    ["a weak password leaves the server too", 'checked === "ok" && (await isBreached', "(await isBreached"],
    ["a source that fails refuses", "cause }));\n    return false;", "cause }));\n    return true;"],
    [
      "a source fails silently",
      'app.engine.report(new AuthError("internal_error", undefined, null, { operation: "breached", cause }));',
      "void cause;",
    ],
  ]),
];
