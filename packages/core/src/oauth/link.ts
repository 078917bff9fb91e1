import { textOf } from "../platform/encoding.ts";
import type { EmailTrust } from "./provider.ts";

/** The facts when a browser comes back from a provider. */
export interface LinkFacts {
  /** The user that the account is linked to. */
  readonly holder: string | null;
  /** The signed-in user who asked to link the account; null for a sign-in. */
  readonly asker: string | null;
  /** The provider's e-mail address in normal form; null where there is none. */
  readonly email: {
    readonly address: string;
    /** Whether the provider calls it verified, which it may have done years ago. */
    readonly verified: boolean;
    /** Whether the provider is the authority for this address, so that its word holds today. */
    readonly authoritative: boolean;
  } | null;
  /** The user of that address here; null where there is none. */
  readonly owner: {
    readonly id: string;
    /** Whether they have proved it. */
    readonly verified: boolean;
    /** Whether they have a password or a link. One without either may be half of a first sign-in with this account. */
    readonly reachable: boolean;
  } | null;
  /** Whether an address may lead to an existing user. */
  readonly linkByEmail: boolean;
}

export type LinkDecision =
  /** `verified`: the account proves the address of the new user. */
  | { readonly kind: "create"; readonly email: string | null; readonly verified: boolean }
  /** `proves`: the account proves the user's own address for the first time. */
  | { readonly kind: "sign_in" | "link"; readonly userId: string; readonly proves: boolean }
  | { readonly kind: "refuse"; readonly because: "held_by_another" | "address_unproven" | "not_by_email" };

/**
 * Decides which user an account at a provider leads to. Identity is the provider's subject; an e-mail address leads to a
 * user only where both sides have proved it, or the first to sign up with it would own the account of its owner.
 *
 * The word of a provider that is not the authority for an address proves nothing of it. A new user has such an address
 * unverified: an application can write to it, and no later proof builds on it.
 */
export function decideLink(facts: LinkFacts): LinkDecision {
  const { holder, asker, email, owner, linkByEmail } = facts;
  // OpenID Connect Core 5.1: `email_verified` is about the owner of the mailbox when it was checked, not today.
  const proven = email?.verified === true && email.authoritative;
  // Also for a link that is there: it may have stopped half-way, or the provider did not vouch for the address then.
  const proves = (userId: string): boolean => proven && owner?.id === userId && !owner.verified;
  if (asker !== null) {
    if (holder !== null && holder !== asker) return { kind: "refuse", because: "held_by_another" };
    return { kind: holder === asker ? "sign_in" : "link", userId: asker, proves: proves(asker) };
  }
  if (holder !== null) return { kind: "sign_in", userId: holder, proves: proves(holder) };
  const address = email?.verified === true ? email.address : null;
  if (owner === null) return { kind: "create", email: address, verified: proven };
  if (proven && owner.verified && linkByEmail) return { kind: "link", userId: owner.id, proves: false };
  // An unfinished first sign-in left this user, or an attacker prepared it: it is neither used nor in the way.
  const isLeftover = address !== null && !owner.reachable && owner.verified === proven;
  if (isLeftover) return { kind: "create", email: null, verified: false };
  return { kind: "refuse", because: linkByEmail ? "address_unproven" : "not_by_email" };
}

/** Decides whether a link may be removed, by the sign-in methods that are left: the last one never is. */
export function decideUnlink(left: { readonly password: boolean; readonly links: number }): boolean {
  return left.password || left.links > 0;
}

/** Whether the provider is the authority for an address in normal form. It does not check that it calls it verified. */
export function isAuthority(
  { domains, domainClaim }: EmailTrust,
  address: string,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  if (domains === "all") return true;
  const domain = address.slice(address.lastIndexOf("@") + 1);
  if (domains.includes(domain)) return true;
  return domainClaim !== undefined && textOf(claims, domainClaim)?.toLowerCase() === domain;
}
