import type { Config } from "../accounts/app.ts";
import { refuse } from "../platform/option-error.ts";
import type { AuthOptions } from "./options.ts";

/** Checks the options of cookies, and applies their defaults. Throws a `TypeError` that names the option. */
export function checkCookies(
  given: Exclude<AuthOptions["cookies"], undefined>,
  baseURL: URL | null,
  basePath: string,
): Config["cookies"] {
  const refreshPath = given.refreshPath ?? "/";
  if (refreshPath !== "/" && refreshPath !== basePath) {
    throw refuse("cookies.refreshPath", refreshPath, `it must be "/" or basePath, "${basePath}"`);
  }
  const domain = given.domain ?? null;
  const host = baseURL?.hostname ?? "";
  if (domain !== null && host !== domain && !host.endsWith(`.${domain}`)) {
    throw refuse("cookies.domain", domain, "a browser takes it only from baseURL's host or a parent of it");
  }
  const names = {
    access: given.names?.access ?? "latchkey.access",
    refresh: given.names?.refresh ?? "latchkey.refresh",
  };
  if (names.access === names.refresh) throw refuse("cookies.names", names.access, "both names are the same");
  const sameSite = given.sameSite ?? "lax";
  const partitioned = given.partitioned ?? false;
  if (partitioned && sameSite !== "none") {
    throw refuse(
      "cookies.partitioned",
      partitioned,
      'it needs cookies.sameSite: "none": a browser sends no Lax or Strict cookie to a page inside a page of another site',
    );
  }
  return { names, domain, sameSite, partitioned, refreshPath, previous: given.previous ?? [] };
}
