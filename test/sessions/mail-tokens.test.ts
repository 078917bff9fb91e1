import { days, emailCode, hours, magicLink, minutes, type Store } from "@latchkey/core";
import { memory } from "@latchkey/core/memory";
import { password } from "@latchkey/core/password";
import { describe, expect, it } from "vitest";
import { type Inbox, openInbox } from "../fixtures/inbox.ts";
import { codeIn } from "../fixtures/mailed-server.ts";
import { ANN, cheapHasher, openSecureServer, type TestServer } from "../fixtures/server.ts";
import { wrapped } from "../fixtures/wrapped-store.ts";

interface Stage extends TestServer {
  readonly inbox: Inbox;
  /** The slots that were filled, in their order. */
  readonly slots: readonly string[];
  /** Makes the next call to the store of users fail. */
  failNext(): void;
}

function openStage(): Stage {
  const [inbox, slots] = [openInbox(), [] as string[]];
  let fails = false;
  const store: Store = wrapped(memory(), async (operation, call, [given]) => {
    if (operation === "tokens.fillSlot") slots.push((given as { slot: string }).slot);
    if (!fails || !operation.startsWith("users.")) return call();
    fails = false;
    throw new Error("the store is down");
  });
  const providers = [
    password({ hasher: cheapHasher, verifyEmail: "required" }),
    magicLink({ signUp: true }),
    emailCode(),
  ];
  const server = openSecureServer({ store, mail: inbox.mail, providers });
  const failNext = (): void => {
    fails = true;
  };
  return { ...server, inbox, slots, failNext };
}

/** A kind of token: how one is sent, how it is redeemed, and how long it is valid. */
interface Kind {
  readonly title: string;
  readonly lifetime: number;
  readonly send: (stage: Stage) => Promise<string>;
  readonly redeem: (stage: Stage, token: string) => Promise<unknown>;
}

const annOf = ({ auth }: Stage): Promise<{ id: string }> =>
  auth.users.create({ ...ANN, emailVerified: true });

async function changeOf(stage: Stage): Promise<string> {
  const { id } = await annOf(stage);
  await stage.auth.users.changeEmail(id, "ann@new.example");
  return stage.inbox.token("change");
}

async function signUp({ send }: Stage, more: object = {}): Promise<void> {
  const answer = await send("/auth/signup", { method: "POST", body: { ...ANN, ...more } });
  if (!answer.ok) throw await answer.json();
}

const KINDS: readonly Kind[] = [
  {
    title: "verifies the address of a user",
    lifetime: days(1),
    send: async ({ auth, inbox }) => {
      await auth.users.create(ANN);
      await auth.users.requestEmailVerification(ANN.email);
      return inbox.token("verify");
    },
    redeem: ({ auth }, token) => auth.users.verifyEmail(token),
  },
  {
    title: "verifies the address of a sign-up",
    lifetime: days(1),
    send: async (stage) => {
      await signUp(stage);
      return stage.inbox.token("verify");
    },
    redeem: ({ auth }, token) => auth.users.verifyEmail(token),
  },
  {
    title: "resets a password",
    lifetime: hours(1),
    send: async (stage) => {
      await annOf(stage);
      await stage.auth.users.forgotPassword(ANN.email);
      return stage.inbox.token("reset");
    },
    redeem: ({ auth }, token) => auth.users.resetPassword(token, "an altogether new one"),
  },
  {
    title: "changes an address",
    lifetime: days(1),
    send: changeOf,
    redeem: ({ auth }, token) => auth.users.confirmEmailChange(token),
  },
  {
    title: "undoes a change of address",
    lifetime: days(7),
    send: async (stage) => {
      await stage.auth.users.confirmEmailChange(await changeOf(stage));
      return stage.inbox.token("changed_notice");
    },
    redeem: ({ auth }, token) => auth.users.undoEmailChange(token),
  },
  {
    title: "signs in by a link",
    lifetime: minutes(15),
    send: async (stage) => {
      await annOf(stage);
      await stage.auth.users.sendLink(ANN.email);
      return stage.inbox.token("magic_link");
    },
    redeem: ({ auth }, token) => auth.users.redeemLink(token),
  },
  {
    title: "signs up by an invitation",
    lifetime: days(7),
    send: async ({ auth, inbox }) => {
      await auth.users.invite(ANN.email);
      return inbox.token("invitation");
    },
    redeem: (stage, invitation) => signUp(stage, { invitation }),
  },
];

/** A code is redeemed before anything else, because that counts the tries. */
const CODE: Kind = {
  title: "signs in by a code",
  lifetime: minutes(10),
  send: async (stage) => {
    await annOf(stage);
    await stage.auth.users.sendCode(ANN.email);
    return codeIn(stage.inbox);
  },
  redeem: ({ auth }, code) => auth.users.redeemCode(ANN.email, code),
};

describe.each([...KINDS, CODE])("a token that $title", ({ lifetime, send, redeem }) => {
  it("is valid until the last second of its time, and not after it", async () => {
    for (const [late, isValid] of [
      [1, true],
      [0, false],
    ] as const) {
      const stage = openStage();
      const token = await send(stage);
      stage.clock.advance(lifetime - late);
      const redeemed = await redeem(stage, token).then(
        () => true,
        () => false,
      );
      expect({ late, redeemed }).toEqual({ late, redeemed: isValid });
    }
  });

  it("leaves nothing in its slot", async () => {
    const stage = openStage();
    const token = await send(stage);
    const slot = stage.slots.at(-1) ?? "";
    const left = (): Promise<unknown> => stage.store.tokens.readSlot(slot, 0);
    expect(await left()).not.toBeNull();
    await redeem(stage, token);
    expect(await left()).toBeNull();
  });
});

describe.each(KINDS)("a token that $title", ({ send, redeem }) => {
  it("stays valid if the store fails before it is redeemed", async () => {
    const stage = openStage();
    const token = await send(stage);
    stage.failNext();
    await expect(redeem(stage, token)).rejects.toMatchObject({});
    await redeem(stage, token);
  });
});
