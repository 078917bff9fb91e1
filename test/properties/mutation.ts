import fc from "fast-check";

/** A change of a token, as data: it fits whichever token there is when it is applied. */
export interface Mutation {
  readonly kind: (typeof kinds)[number];
  readonly at: number;
  readonly text: string;
}

const kinds = [
  "keep",
  "flip",
  "cut",
  "drop",
  "insert",
  "replace",
  "twice",
  "huge",
  "case",
  "encode",
  "pad",
  "bytes",
  "member",
  "segment",
] as const;

const UNCARRIABLE = /[\0\r\n\u{100}-\u{10ffff}]/gu;

const SURROGATES = { first: 0xd800, count: 0x800 };

/** Any character. The unit "binary" of fast-check is the same, and first fills a table with all of them. */
const character: fc.Arbitrary<string> = fc.nat(0x10ffff - SURROGATES.count).map(
  (index) => String.fromCodePoint(index < SURROGATES.first ? index : index + SURROGATES.count),
  (text) => {
    const point = typeof text === "string" ? (text.codePointAt(0) ?? -1) : -1;
    if (point < 0 || String.fromCodePoint(point) !== text) throw new Error("no character");
    return point < SURROGATES.first ? point : point - SURROGATES.count;
  },
);

/** Any text. */
export const anyText = (maxLength: number): fc.Arbitrary<string> => fc.string({ unit: character, maxLength });

/** Anything that a header can carry. */
export const latin1: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  .map(carriable);

export const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom(...kinds),
  at: fc.nat(2_000),
  text: fc.oneof(
    latin1,
    anyText(8),
    fc.constantFrom("=", "+", "/", ".", "%2E", " ", "\t", "\u00a0", '"', ",", ";"),
  ),
});

/** Null four times out of five. */
export function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** A route, mostly by the method it has. */
export const route: fc.Arbitrary<{ readonly method: string; readonly path: string }> = fc
  .tuple(
    fc.constantFrom(
      ["GET", "/me"],
      ["GET", "/session"],
      ["GET", "/sessions"],
      ["HEAD", "/session"],
      ["POST", "/refresh"],
      ["POST", "/refresh"],
      ["POST", "/logout"],
      ["DELETE", "/sessions/AAAAAAAAAAAAAAAAAAAAAA"],
    ),
    rarely(fc.constantFrom("GET", "HEAD", "POST", "DELETE", "OPTIONS")),
  )
  .map(([[method = "GET", path = "/me"], other]) => ({ method: other ?? method, path }));

/** Applies a change. What comes out need not differ. */
export function mutate(token: string, { kind, at, text }: Mutation): string {
  const place = token === "" ? 0 : at % token.length;
  const [before, after] = [token.slice(0, place), token.slice(place + 1)];
  switch (kind) {
    case "keep":
      return token;
    case "flip":
      return before + String.fromCharCode(token.charCodeAt(place) ^ (1 << (at % 7))) + after;
    case "cut":
      return token.slice(0, place);
    case "drop":
      return before + after;
    case "insert":
      return token.slice(0, place) + text + token.slice(place);
    case "replace":
      return before + text + after;
    case "twice":
      return token + text + token;
    case "huge":
      return token + "A".repeat(at * 10);
    case "case":
      return at % 2 === 0 ? token.toUpperCase() : token.toLowerCase();
    case "encode":
      return encodeURIComponent(token + text.toWellFormed());
    case "pad":
      return token + "=".repeat((at % 3) + 1);
    case "bytes":
      return flipBit(token, at);
    case "member":
      return changeMember(token, at, text);
    case "segment":
      return token
        .split(".")
        .toSpliced(at % 4, 1, text)
        .join(".");
  }
}

/** Makes a text that `Headers` accepts. */
export function carriable(text: string): string {
  return text.replace(UNCARRIABLE, "?");
}

/** Flips one bit of the bytes behind a token, and writes them in canonical form again. */
function flipBit(token: string, at: number): string {
  const cut = token.startsWith("lkr_") ? 4 : token.lastIndexOf(".") + 1;
  const bytes = Buffer.from(token.slice(cut), "base64url");
  if (bytes.length === 0) return token;
  const place = at % bytes.length;
  bytes[place] = (bytes[place] ?? 0) ^ (1 << (at % 8));
  return token.slice(0, cut) + bytes.toString("base64url");
}

/** Changes one member of the header or the payload of a JWT, and leaves the signature. */
function changeMember(token: string, at: number, text: string): string {
  const segments = token.split(".");
  const index = at % 2;
  try {
    const members: Record<string, unknown> = JSON.parse(
      Buffer.from(segments[index] ?? "", "base64url").toString(),
    );
    const names = Object.keys(members);
    members[names[at % names.length] ?? "kid"] = text;
    segments[index] = Buffer.from(JSON.stringify(members)).toString("base64url");
    return segments.join(".");
  } catch {
    return token + text;
  }
}
