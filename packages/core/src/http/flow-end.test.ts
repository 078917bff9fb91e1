import { describe, expect, it } from "vitest";
import { type ErrorCode, messages } from "../platform/errors.ts";
import { decideFlowEnd, type FlowEnd, type FlowEndFacts } from "./flow-end.ts";

const codes = Object.keys(messages) as ErrorCode[];
const flags = [true, false];
const forms: readonly FlowEndFacts["accepts"][] = ["page", "json", "any"];
const intents: readonly FlowEndFacts["intent"][] = [null, "sign_in", "link", "native"];

function everyCase(): readonly FlowEndFacts[] {
  return codes.flatMap((code) =>
    flags.flatMap((opensPage) =>
      forms.flatMap((accepts) =>
        flags.flatMap((isSignedIn) =>
          intents.flatMap((intent) =>
            flags.map((hasErrorURL) => ({ code, opensPage, accepts, isSignedIn, intent, hasErrorURL })),
          ),
        ),
      ),
    ),
  );
}

function casesOf(end: FlowEnd): readonly FlowEndFacts[] {
  return everyCase().filter((facts) => decideFlowEnd(facts) === end);
}

describe("decideFlowEnd", () => {
  it("leads on without an error only for a person who is signed in, from a flow that is over", () => {
    for (const facts of [...casesOf("home"), ...casesOf("target")])
      expect(facts).toMatchObject({
        code: "oauth_state_invalid",
        isSignedIn: true,
        opensPage: true,
        accepts: "page",
      });
    expect(new Set(casesOf("home").map(({ intent }) => intent))).toEqual(new Set([null]));
    expect(new Set(casesOf("target").map(({ intent }) => intent))).toEqual(new Set(["sign_in"]));
    expect(casesOf("home")).toHaveLength(2);
    expect(casesOf("target")).toHaveLength(2);
  });

  it("keeps the error of a link and of an app", () => {
    for (const facts of everyCase().filter(({ intent }) => intent === "link" || intent === "native"))
      expect(["error_url", "page", "json"]).toContain(decideFlowEnd(facts));
  });

  it("answers JSON to all that opens no page, to a client that asks for JSON, and to a forged request", () => {
    for (const facts of everyCase()) {
      const { opensPage, accepts, code } = facts;
      if (opensPage && accepts !== "json" && code !== "csrf_rejected") continue;
      expect(decideFlowEnd(facts)).toBe("json");
    }
  });

  it("leads to errorURL where there is one, and else shows a page to a browser", () => {
    for (const facts of casesOf("error_url")) expect(facts.hasErrorURL).toBe(true);
    for (const facts of casesOf("page"))
      expect(facts).toMatchObject({ hasErrorURL: false, accepts: "page", opensPage: true });
    const shown = everyCase().filter(
      (facts) => facts.opensPage && facts.accepts === "page" && facts.code !== "csrf_rejected",
    );
    for (const facts of shown) expect(decideFlowEnd(facts)).not.toBe("json");
  });
});
