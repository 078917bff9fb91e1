import type { Body } from "./answers.ts";

/** Reads the header of a JWT, trusting nothing. */
export function headerOf(token: string): Body {
  return segment(token, 0);
}

/** Reads the claims of a JWT, trusting nothing. */
export function claimsOf(token: string): Body {
  return segment(token, 1);
}

/** The key that a JWT names. */
export function kidOf(token: string): string {
  return String(headerOf(token)["kid"]);
}

/** The session that a JWT names. */
export function sidOf(token: string): string {
  return String(claimsOf(token)["sid"]);
}

function segment(token: string, index: number): Body {
  const text = Buffer.from(token.split(".")[index] ?? "", "base64url").toString();
  const value: unknown = JSON.parse(text);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** The session that a refresh token names. */
export function familyOf(refreshToken: string): string {
  return Buffer.from(refreshToken.slice(4), "base64url").subarray(1, 17).toString("base64url");
}
