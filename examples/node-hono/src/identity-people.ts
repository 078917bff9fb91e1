import { createHash } from "node:crypto";

/** Somebody whom the provider vouches for. */
export interface Person {
  readonly email: string;
  /** Null for an address that somebody typed. */
  readonly name: string | null;
}

/** The people to choose from. None of them exists. */
export const madeUp: readonly Person[] = [
  { email: "maya@example.com", name: "Maya Lindholm" },
  { email: "tom@example.com", name: "Tom Adeyemi" },
  { email: "ines@example.com", name: "Ines Duarte" },
];

/** Everybody who signed in lately, by subject. */
export interface People {
  /** Takes an address as typed, and returns the subject of its owner; null where it is no address. */
  readonly enter: (email: string) => string | null;
  readonly find: (subject: string) => Person | null;
}

const KEPT = 1_000;
const LONGEST = 100;
const ADDRESS = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

/** Opens the list, in memory. A subject is the same after a restart, because the demo's database remembers it. */
export function openPeople(): People {
  const entered = new Map<string, Person>();
  return {
    enter: (typed) => {
      const email = typed.trim().toLowerCase();
      if (!ADDRESS.test(email) || email.length > LONGEST) return null;
      const subject = createHash("sha256").update(email).digest("base64url");
      entered.delete(subject);
      entered.set(subject, madeUp.find((person) => person.email === email) ?? { email, name: null });
      const [oldest] = entered.keys();
      if (entered.size > KEPT && oldest !== undefined) entered.delete(oldest);
      return subject;
    },
    find: (subject) => entered.get(subject) ?? null,
  };
}
