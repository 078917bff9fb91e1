/** A message as an inbox shows it. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Reads the parts of a message that the inbox shows, in the form in which Nodemailer writes them (RFC 5322, RFC 2045). */
export function parseLetter(raw: string): Letter {
  const { headers, body } = parse(raw);
  const boundary = /boundary="?([^";]+)/.exec(headers.get("content-type") ?? "")?.[1];
  const parts = boundary === undefined ? [{ headers, body }] : body.split(`--${boundary}`).map(parse);
  const text = parts.find((part) => part.headers.get("content-type")?.startsWith("text/plain") === true);
  return {
    to: headers.get("to") ?? "",
    subject: headers.get("subject") ?? "",
    text: text === undefined ? "" : decoded(text).replaceAll("\r\n", "\n").trim(),
  };
}

interface Part {
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

function parse(raw: string): Part {
  const text = raw.replace(/^\r?\n/, "");
  const end = /\r?\n\r?\n/.exec(text);
  const head = text.slice(0, end?.index ?? text.length).replace(/\r?\n[ \t]+/g, " ");
  const headers = head.split(/\r?\n/).map((line): [string, string] => {
    const at = line.indexOf(":");
    return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
  });
  return { headers: new Map(headers), body: end === null ? "" : text.slice(end.index + end[0].length) };
}

function decoded({ headers, body }: Part): string {
  return Buffer.from(bytesOf(body, headers.get("content-transfer-encoding") ?? ""), "latin1").toString(
    "utf8",
  );
}

function bytesOf(body: string, encoding: string): string {
  if (encoding === "base64") return Buffer.from(body, "base64").toString("latin1");
  if (encoding !== "quoted-printable") return body;
  return body
    .replace(/=\r?\n/g, "")
    .replace(/=([\dA-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}
