import { textOf } from "./profile.ts";

/** The option `trustEmail` of a provider. */
export type TrustEmail = boolean | readonly string[];

/** For which addresses a provider that calls them verified proves that its user has the mailbox today. */
export interface EmailTrust {
  /** Every address, or those at exactly these domains. */
  readonly domains: "all" | readonly string[];
  /** A claim that names one more domain: the one that the provider hosts for the organisation of this account. */
  readonly domainClaim?: string;
}

/** The trust in a provider whose every verified address is proof. */
export const TRUST_ALL: EmailTrust = Object.freeze({ domains: "all" });

const DOMAIN = /^[a-z0-9-]+(\.[a-z0-9-]+)+$/;

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

/** Reads the option; without it, `known` holds. Throws a `TypeError` that names the option. */
export function checkTrust(id: string, option: unknown, known: EmailTrust): EmailTrust {
  if (option === undefined) return known;
  if (option === true) return TRUST_ALL;
  if (option === false) return Object.freeze({ domains: [] });
  if (!isDomains(option) || option.length === 0) {
    throw new TypeError(
      `${id}: trustEmail must be true, false or a list of domains in lower case, such as ["example.com"]`,
    );
  }
  return Object.freeze({ domains: Object.freeze([...option]) });
}

/** Whether the `trustEmail` of a provider that the application wrote has the right form. */
export function isEmailTrust({ domains, domainClaim }: EmailTrust): boolean {
  const isClaim = domainClaim === undefined || typeof domainClaim === "string";
  return isClaim && (domains === "all" || isDomains(domains));
}

function isDomains(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((domain) => typeof domain === "string" && DOMAIN.test(domain));
}
