import { createAuth } from "@latchkey/core";
import { password } from "@latchkey/core/password";
import type { Store } from "@latchkey/core/store";
import { countingHasher } from "../fixtures/counting-hasher.ts";
import { requestTo } from "../fixtures/requests.ts";

// Runs in workerd too, so nothing here is of Node or of a test runner.
const CROWD = 200;
const ANN = { email: "ann@example.com", password: "correct horse battery" };
const BOB = { email: "bob@example.com", password: "a different staple" };
const HERE = "203.0.113.7";

/** How often each status was answered, and how many passwords reached the hasher. */
export interface CrowdResult {
  readonly statuses: Readonly<Record<number, number>>;
  readonly hashed: number;
  /** The statuses of single sign-ins afterwards. */
  readonly after: readonly number[];
}

export type CrowdName = "one address" | "200 addresses" | "copies of a device cookie" | "right passwords";

/** 200 sign-ins at once, by the names of what they have in common. */
export const crowds: Readonly<Record<CrowdName, (store: Store) => Promise<CrowdResult>>> = {
  "one address": async (store) => {
    const { attempt, result } = await open(store);
    return result(() => attempt({}), []);
  },

  "200 addresses": async (store) => {
    const { attempt, result, signIn } = await open(store);
    const device = await signIn();
    const address = (n: number): string | null => (n % 2 === 0 ? `10.0.0.${n}` : null);
    // Among the guesses the owner signs in, and another user at one of the addresses. A new browser of the owner is refused.
    return result(
      (n) => attempt({ address: address(n) }),
      [
        { device, secret: ANN.password, address: "10.0.0.2" },
        { user: BOB.email, secret: BOB.password, address: "10.0.0.2" },
        { secret: ANN.password, address: "10.0.1.1" },
      ],
    );
  },

  "copies of a device cookie": async (store) => {
    const { attempt, result, signIn } = await open(store);
    const device = await signIn();
    return result((n) => attempt({ device, address: `10.0.0.${n}` }), [{ secret: ANN.password }]);
  },

  "right passwords": async (store) => {
    const { attempt, result } = await open(store);
    for (let round = 0; round < 5; round++)
      await Promise.all(Array.from({ length: 10 }, () => attempt({ secret: ANN.password })));
    return result(() => attempt({}), []);
  },
};

interface Attempt {
  readonly user?: string;
  readonly secret?: string;
  readonly address?: string | null;
  readonly device?: string;
}

async function open(store: Store) {
  const { hasher, hashed } = countingHasher();
  const auth = createAuth({
    store,
    baseURL: "https://app.example.com",
    secret: "a secret of the tests with more than 32 bytes",
    storeTimeout: 120,
    providers: [password({ hasher })],
    onEvent: () => undefined,
  });
  for (const user of [ANN, BOB]) await auth.users.create(user);
  const send = ({ user = ANN.email, secret = "wrong", address = HERE, device }: Attempt) => {
    const headers = device === undefined ? {} : { cookie: device };
    const body = { email: user, password: secret };
    const request = requestTo("/auth/login", { method: "POST", headers, body });
    return auth.handle(request, { clientAddress: address });
  };
  const attempt = async (attempted: Attempt): Promise<number> => (await send(attempted)).status;
  return {
    attempt,
    /** Signs Ann in, and returns the device cookie. */
    signIn: async (): Promise<string> => {
      const lines = (await send({ secret: ANN.password })).headers.getSetCookie();
      return lines.find((line) => line.includes("device"))?.split(";")[0] ?? "";
    },
    result: async (
      guess: (index: number) => Promise<number>,
      afterwards: readonly Attempt[],
    ): Promise<CrowdResult> => {
      const before = hashed();
      const answers = await Promise.all(Array.from({ length: CROWD }, (_, index) => guess(index)));
      const during = hashed() - before;
      const statuses: Record<number, number> = {};
      for (const status of answers) statuses[status] = (statuses[status] ?? 0) + 1;
      const after = [];
      for (const attempted of afterwards) after.push(await attempt(attempted));
      return { statuses, hashed: during, after };
    },
  };
}
