import { describe, expect, it } from "vitest";
import { decideCsrf, decideNavigation } from "./decide-csrf.ts";

const OWN = "https://app.example.com";
const TRUSTED = "https://spa.example.com";
const FOREIGN = "https://evil.example";

const methods = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "get", "TRACE"];
const sites = [
  null,
  "same-origin",
  "same-site",
  "cross-site",
  "none",
  "",
  "Same-Origin",
  "same-origin, cross-site",
];
const origins = [null, OWN, TRUSTED, FOREIGN, "null", "", `${OWN}/`, OWN.toUpperCase()];
const referers = [null, `${OWN}/x`, `${TRUSTED}/x`, `${FOREIGN}/${OWN}`, "nonsense", ""];

type Origin = string | null;

/** The decision once more, as a table of words. */
function expected(site: Origin, origin: Origin, referer: Origin, strict: boolean): string {
  const trusted = origin === TRUSTED;
  const mine = origin === OWN;
  const silent = origin === null;
  if (site === "same-origin")
    return silent || mine || trusted || origin === "null" ? "same_origin" : "inconsistent";
  if (site === "none") return silent || mine || trusted ? "user" : "inconsistent";
  if (site === "same-site" || site === "cross-site") return trusted ? "trusted" : "cross_site";
  if (site !== null) return "unknown";
  if (silent && referer === null) return strict ? "unknown" : "no_browser";
  if (silent ? referer === `${OWN}/x` : mine) return "same_origin";
  return (silent ? referer === `${TRUSTED}/x` : trusted) ? "trusted" : "cross_site";
}

const REJECTED = new Set(["cross_site", "inconsistent", "unknown"]);

describe("decideCsrf", () => {
  it("agrees with the table for every combination of inputs", () => {
    const seen = new Set<string>();
    for (const method of methods)
      for (const upgrade of [false, true])
        for (const secFetchSite of sites)
          for (const origin of origins)
            for (const referer of referers)
              for (const strict of [false, true]) {
                const request = { method, upgrade, secFetchSite, origin, referer };
                const policy = {
                  ownOrigin: OWN,
                  trustedOrigins: new Set([TRUSTED]),
                  requireFetchMetadata: strict,
                };
                const { kind, because } = decideCsrf(request, policy);
                const isSafe = ["GET", "HEAD", "OPTIONS"].includes(method) && !upgrade;
                const word = isSafe ? "safe" : expected(secFetchSite, origin, referer, strict);
                const wanted = { kind: REJECTED.has(word) ? "reject" : "allow", because: word };
                if (kind !== wanted.kind || because !== wanted.because)
                  expect({ request, kind, because }).toEqual({ request, ...wanted });
                seen.add(because);
              }
    expect([...seen].sort()).toEqual([
      "cross_site",
      "inconsistent",
      "no_browser",
      "safe",
      "same_origin",
      "trusted",
      "unknown",
      "user",
    ]);
  });

  it("takes a referrer that browsers would have shortened for another site, and for no missing one", () => {
    const policy = { ownOrigin: OWN, trustedOrigins: new Set<string>(), requireFetchMetadata: false };
    const sent = { method: "POST", upgrade: false, secFetchSite: null, origin: null };
    const referer = (length: number): string => `${OWN}/`.padEnd(length, "x");
    const because = (length: number): string =>
      decideCsrf({ ...sent, referer: referer(length) }, policy).because;
    expect([because(4_096), because(4_097)]).toEqual(["same_origin", "cross_site"]);
  });

  it("trusts no other origin if the list is empty", () => {
    const policy = { ownOrigin: OWN, trustedOrigins: new Set<string>(), requireFetchMetadata: false };
    const request = {
      method: "POST",
      upgrade: false,
      secFetchSite: "cross-site",
      origin: TRUSTED,
      referer: null,
    };
    expect(decideCsrf(request, policy)).toEqual({ kind: "reject", because: "cross_site" });
  });
});

describe("decideNavigation", () => {
  const modes = [null, "navigate", "Navigate", "cors", "no-cors", "same-origin", "websocket", ""];
  const destinations = [
    ...[
      null,
      "document",
      "empty",
      "image",
      "iframe",
      "frame",
      "object",
      "embed",
      "script",
      "style",
      "fencedframe",
    ],
    ...["serviceworker", "Document", ""],
  ];
  /** Every pair that passes, as "mode destination". */
  const pages = ["null null", "null document", "navigate null", "navigate document", "navigate empty"];

  it("OAU-21 accepts a page, also through a service worker, and nothing else", () => {
    const accepted = new Set<string>();
    for (const mode of modes)
      for (const destination of destinations)
        for (const method of ["GET", "POST", "HEAD"])
          for (const ahead of [false, true]) {
            const decision = decideNavigation({ method, mode, destination, ahead });
            if (decision === "refuse") continue;
            expect({ method, ahead }).not.toMatchObject({ method: "HEAD" });
            expect(ahead).toBe(false);
            accepted.add(`${mode} ${destination}`);
          }
    expect([...accepted].toSorted()).toEqual(pages.toSorted());
  });

  it("OAU-21 treats GET and POST alike", () => {
    for (const mode of modes)
      for (const destination of destinations) {
        const [get, post] = ["GET", "POST"].map((method) =>
          decideNavigation({ method, mode, destination, ahead: false }),
        );
        expect(get).toBe(post);
        expect(get === "allow").toBe(pages.includes(`${mode} ${destination}`));
      }
  });
});
