/** What is known when somebody comes back from a provider. */
export interface LinkFacts {
  /** The user that the account is linked to. */
  readonly holder: string | null;
  /** The user who asked, while signed in, to link the account; null where somebody signs in. */
  readonly asker: string | null;
  /** The provider's e-mail address in normal form, and whether the provider says that it is the user's. */
  readonly email: { readonly address: string; readonly verified: boolean } | null;
  /** Who has that address here; `verified` where they have proved it. */
  readonly owner: { readonly id: string; readonly verified: boolean } | null;
}

export type LinkDecision =
  /** `email` is the proven address of the new user. */
  | { readonly kind: "create"; readonly email: string | null }
  /** `proves`: the account proves the user's own address for the first time. */
  | { readonly kind: "sign_in" | "link"; readonly userId: string; readonly proves: boolean }
  | { readonly kind: "refuse"; readonly because: "held_by_another" | "address_unproven" };

/**
 * Decides what an account at a provider means here. Identity is the provider's subject; an e-mail address leads to a
 * user only where both sides have verified it, or whoever signed up with it first would own the account of its owner.
 */
export function decideLink({ holder, asker, email, owner }: LinkFacts): LinkDecision {
  const proven = email?.verified === true;
  // Also for a link that is there: it may have stopped half-way, or the provider did not vouch for the address then.
  const proves = (userId: string): boolean => proven && owner?.id === userId && !owner.verified;
  if (asker !== null) {
    if (holder !== null && holder !== asker) return { kind: "refuse", because: "held_by_another" };
    return { kind: holder === asker ? "sign_in" : "link", userId: asker, proves: proves(asker) };
  }
  if (holder !== null) return { kind: "sign_in", userId: holder, proves: proves(holder) };
  if (owner === null) return { kind: "create", email: proven ? email.address : null };
  if (proven && owner.verified) return { kind: "link", userId: owner.id, proves: false };
  return { kind: "refuse", because: "address_unproven" };
}

/** Decides whether a link may go, by what is left without it: never the last way in. */
export function decideUnlink(left: { readonly password: boolean; readonly links: number }): boolean {
  return left.password || left.links > 0;
}
