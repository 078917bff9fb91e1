import type { AuthEvent } from "@latchkey/core";

/** What came of many refreshes of one cookie. */
export interface Tally {
  readonly answered: number;
  /** Answers with a new refresh token. */
  readonly issued: number;
  /** Answers with an access token only. */
  readonly accessOnly: number;
  readonly cleared: number;
  readonly alarms: number;
}

export function tallyOf(responses: readonly Response[], events: readonly AuthEvent[]): Tally {
  const lines = responses.map(({ headers }) => headers.getSetCookie());
  const holds = (word: string, line: string): boolean => line.includes(word) && !line.includes("Max-Age=0");
  const issued = lines.filter((some) => some.some((line) => holds("refresh", line))).length;
  const access = lines.filter((some) => some.some((line) => holds("access", line))).length;
  return {
    answered: responses.filter(({ status }) => status === 200).length,
    issued,
    accessOnly: access - issued,
    cleared: lines.flat().filter((line) => line.includes("Max-Age=0")).length,
    alarms: events.filter(({ type }) => type === "session.reuse_detected").length,
  };
}

export function sumOf(tallies: readonly Tally[]): Tally {
  const sum = (member: keyof Tally): number => tallies.reduce((total, tally) => total + tally[member], 0);
  return {
    answered: sum("answered"),
    issued: sum("issued"),
    accessOnly: sum("accessOnly"),
    cleared: sum("cleared"),
    alarms: sum("alarms"),
  };
}
