const CODES: ReadonlySet<string> = new Set([
  ..."invalid_request invalid_credentials unauthenticated session_expired session_revoked".split(" "),
  ..."refresh_token_invalid refresh_token_reused transport_mismatch csrf_rejected forbidden".split(" "),
  ..."not_found method_not_allowed identifier_taken payload_too_large unsupported_media_type".split(" "),
  ..."insufficient_user_authentication mail_token_invalid".split(" "),
  ..."weak_password rate_limited store_unavailable internal_error".split(" "),
]);

/** What happened, counted. */
export interface Tally {
  readonly counts: ReadonlyMap<string, number>;
  count(what: string, times?: number): void;
  answered(status: number, code: string | null): void;
  signedOut(code: string | null): void;
}

export function newTally(): Tally {
  const counts = new Map<string, number>();
  const count = (what: string, times = 1): void => {
    counts.set(what, (counts.get(what) ?? 0) + times);
  };
  return {
    counts,
    count,
    answered: (status, code) => {
      count("answers");
      const isListed = status < 300 ? code === null : code !== null && CODES.has(code);
      if (!isListed || code === "internal_error") count(`outside the list: ${status} ${code}`);
      if (code === "store_unavailable") count("503");
    },
    signedOut: (code) => count(`signed out: ${code}`),
  };
}

/** The code of an answer, or null where it has none. */
export async function errorOf(answer: Response): Promise<string | null> {
  const text = await answer.text();
  const body: unknown = text === "" ? null : JSON.parse(text);
  const isError = typeof body === "object" && body !== null && "error" in body;
  return isError && typeof body.error === "string" ? body.error : null;
}

/** What no honest user may suffer. */
export function harm(counts: ReadonlyMap<string, number>): readonly string[] {
  const found = [...counts].filter(([, times]) => times > 0).map(([what]) => what);
  return found.filter((what) => /signed out|double|outside|lost|alarms/.test(what));
}
