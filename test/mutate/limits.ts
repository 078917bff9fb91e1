import { type Edit, editsIn } from "./edit.ts";

const CORE = "packages/core/src";
const SQL = "packages/sql/src";
const REDIS = "packages/redis/src";
const CLOUDFLARE = "packages/cloudflare/src";
const DEVICES = "test/attacks/device-cookies.test.ts";
const GUESSING = "test/attacks/guessing.test.ts";

/** What limits attempts: the rules, the buckets, the device cookies, and how each store counts. */
export const limitEdits: readonly Edit[] = [
  ...editsIn(
    `${CORE}/throttle/throttle.ts`,
    [`${CORE}/throttle/throttle.test.ts`],
    [
      ["one attempt more than the rule", "row.count < rule.limit", "row.count <= rule.limit"],
      ["an attempt is not counted", "count: row.count + 1", "count: row.count"],
      ["a window has no end", "age >= window || age < -window", "age < -window"],
      ["a window ahead of time locks", "age >= window || age < -window", "age >= window"],
      [
        "a refused attempt is counted in other buckets",
        "if (!verdict.allowed) return { verdict, rows };",
        "",
      ],
      ["more is given back than was counted", "row.count > 1", "row.count > 99"],
      ["a bucket that was counted is not given back", "if (counted.length > 0) await release(counted);", ""],
      [
        "a bucket that fails allows the attempt",
        '"fulfilled" ? result.value : 1',
        '"fulfilled" ? result.value : 0',
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/throttle.ts`,
    [DEVICES],
    [
      ["a device counts with all others", "if (device !== null) return", "if (device === null) return"],
      ["sign-ins on an account are not counted", 'bucketOf("accountTotal", account),', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/throttle.ts`,
    [GUESSING],
    [
      ["failures by account and client are not counted", '...networkBuckets("account", known, account),', ""],
      ["failures by client are not counted", '...networkBuckets("signIn", known),', ""],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/local.ts`,
    [`${CORE}/throttle/local.test.ts`],
    [
      ["the memory of a flood has no end", "if (rows.size > MAX_KEYS) evict(rows, now);", ""],
      [
        "a flood deletes the counters that fill up",
        "if (count <= least) rows.delete(key);",
        "rows.delete(key);",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/throttle/device.ts`,
    [`${CORE}/throttle/device.test.ts`, DEVICES],
    [
      ["the device of another user", "(device) => device.user === digest);", "() => true);"],
      [
        "a device of before a change of credentials",
        "|| found.credentialsVersion !== user.credentialsVersion",
        "",
      ],
      ["a device for ever", "Math.abs(now - found.issuedAt) < DEVICE_LIFETIME", "true"],
      ["a new bucket for each sign-in", "findDevice(devices, user, now) ?? toBase64url", "toBase64url"],
      ["any number of users", ".slice(0, MOST_USERS)", ""],
    ],
  ),
  ...editsIn(
    `${CORE}/http/device-cookie.ts`,
    [DEVICES],
    [
      ["a device of before cookies.partitioned hides a newer one", "...deleteUnpartitioned([place]), ", ""],
      ["a device cookie of any length is opened", "sent.value.length > MAX_DEVICE_COOKIE", "false"],
      [
        "a device cookie without a seal",
        "await app.deviceSealer.open(sent.value, app.sealing())",
        "sent.value",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/sign-in.ts`,
    [DEVICES],
    [["no device cookie is set", "...(tokens.remember ? await deviceCookie(app, call, user) : []),", ""]],
  ),
  ...editsIn(
    `${CORE}/http/limit.ts`,
    [GUESSING],
    [
      ["a right password counts as a failure", "if (!isFailure) await", "if (isFailure) await"],
      ["a refused attempt is let through", "if (verdict.allowed) return;", "return;"],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/password.ts`,
    [GUESSING],
    [
      [
        "a password is checked before it is counted",
        "countFailure(app, buckets, () => checkSignIn(app, call, found, password))",
        "checkSignIn(app, call, found, password)",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    [GUESSING],
    [
      [
        "sign-ups of a client are not counted",
        '...networkBuckets("signUp", client.networks()), mailbox',
        "mailbox",
      ],
    ],
  ),
  ...editsIn(
    `${CORE}/http/routes/sign-up.ts`,
    [DEVICES],
    [
      [
        "sign-ups with one address are not counted",
        '"signUp", client.networks()), mailbox]',
        '"signUp", client.networks())]',
      ],
      ["a refused password counts against the mailbox", "if (!isTaken) await", "if (isTaken) await"],
    ],
  ),
  ...editsIn(
    `${SQL}/store.ts`,
    ["test/stores/sqlite-rows.test.ts"],
    [
      ["one attempt more than the rule", "attempts >= given.most", "attempts > given.most"],
      ["a refused attempt is counted", "WHERE NOT EXISTS (SELECT 1 FROM refusing)", "WHERE 1 = 1"],
    ],
  ),
  ...editsIn(
    `${CORE}/password/scrypt.ts`,
    ["packages/core/src/password/scrypt-threads.test.ts"],
    [
      [
        "no hash without threads",
        "if (thread === null) return native.scrypt",
        "if (thread === null) throw native.scrypt",
      ],
      ["the process ends before its hash", "      thread.ref();\n", ""],
      [
        "the process never ends after a hash",
        "    thread.unref();\n    done?.(error, key);",
        "    done?.(error, key);",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/store.ts`,
    ["test/stores/sqlite.test.ts"],
    [
      ["a window has no end", "AND :now - since < given.duration AND", "AND"],
      [
        "an attempt is given back below zero",
        "WHERE attempts > 0 AND key IN (SELECT value",
        "WHERE key IN (SELECT value",
      ],
    ],
  ),
  ...editsIn(
    `${SQL}/store.ts`,
    ["test/stores/postgres.test.ts"],
    [
      ["concurrent attempts exceed the rule", "${ATTEMPTS}.attempts < (SELECT most", "0 < (SELECT most"],
      ["a race leaves other buckets counted", "if (!verdict.allowed && counted.length > 0)", "if (false)"],
    ],
  ),
  ...editsIn(
    `${REDIS}/store.ts`,
    ["test/stores/redis.test.ts"],
    [
      ["a refused attempt is counted in other buckets", "if refused then return waits end", ""],
      ["more is given back than was counted", "if count > 1 then", "if count > 99 then"],
    ],
  ),
  ...editsIn(
    `${CLOUDFLARE}/cell.ts`,
    ["test/stores/durable-objects.test.ts"],
    [
      [
        "an attempt is not counted",
        "await writeCell(storage, { attempts: row,",
        "await String({ attempts: row,",
      ],
      [
        "an attempt is not given back",
        "await writeCell(storage, left === null",
        "await String(left === null",
      ],
    ],
  ),
];
