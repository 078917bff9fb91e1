import { createHash } from "node:crypto";

/** A user of the provider. */
export interface Person {
  readonly email: string;
  /** Null if only an address was typed. */
  readonly name: string | null;
}

/** The fictional people to choose from. */
export const madeUp: readonly Person[] = [
  { email: "maya@example.com", name: "Maya Lindholm" },
  { email: "tom@example.com", name: "Tom Adeyemi" },
  { email: "ines@example.com", name: "Ines Duarte" },
];

/** The latest users, by subject. */
export interface People {
  /** Adds the user of a typed address, and returns the subject; null if it is not an address. */
  readonly enter: (email: string) => string | null;
  readonly find: (subject: string) => Person | null;
}

const KEPT = 1_000;
const LONGEST = 100;
const ADDRESS = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/;

/** Keeps the users in memory. A subject is the same after a restart, because the database of the demo stores it. */
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
