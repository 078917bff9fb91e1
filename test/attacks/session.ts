import type { Transport } from "@latchkey/core";
import { ACCESS, REFRESH, type TestServer } from "../fixtures/server.ts";
import { PASSWORD } from "./server.ts";

export const modes: readonly Transport[] = ["cookie", "bearer"];

/** The credentials of a signed-in client. */
export interface Holder {
  readonly mode: Transport;
  readonly access: string;
  readonly refresh: string;
  readonly sessionId: string;
  readonly userId: string;
}

/** An answer, read whatever its transport. */
export interface Answer {
  readonly status: number;
  /** The error code, or null. */
  readonly code: string | null;
  readonly access: string | null;
  readonly refresh: string | null;
  /** The names of the cookies that it deletes. */
  readonly cleared: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
}

/** Reads an answer: its code, and the tokens it hands out in cookies or in its body. */
export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: Readonly<Record<string, unknown>> = text === "" ? {} : JSON.parse(text);
  const lines = response.headers.getSetCookie();
  const textOf = (member: string): string | null => {
    const value = body[member];
    return typeof value === "string" ? value : null;
  };
  return {
    status: response.status,
    code: textOf("error"),
    access: cookieOf(lines, ACCESS) ?? textOf("access_token"),
    refresh: cookieOf(lines, REFRESH) ?? textOf("refresh_token"),
    cleared: lines.filter((line) => line.includes("Max-Age=0")).map((line) => line.split("=")[0] ?? ""),
    body,
    headers: response.headers,
  };
}

function cookieOf(lines: readonly string[], name: string): string | null {
  const line = lines.find((each) => each.startsWith(`${name}=`) && !each.includes("Max-Age=0"));
  return line?.slice(name.length + 1).split(";")[0] ?? null;
}

/** The headers that carry an access token. */
export function withAccess(mode: Transport, token: string): Record<string, string> {
  return mode === "cookie" ? { cookie: `${ACCESS}=${token}` } : { authorization: `Bearer ${token}` };
}

/** Signs a user up and in. */
export async function signUp(
  server: TestServer,
  mode: Transport,
  email = "ann@example.com",
): Promise<Holder> {
  return enter(server, "/auth/signup", mode, email);
}

/** Signs a user in once more, on another device. */
export async function signIn(
  server: TestServer,
  mode: Transport,
  email = "ann@example.com",
): Promise<Holder> {
  return enter(server, "/auth/login", mode, email);
}

async function enter(server: TestServer, path: string, mode: Transport, email: string): Promise<Holder> {
  const body = { email, password: PASSWORD, transport: mode };
  const answer = await read(await server.send(path, { method: "POST", body }));
  const { access, refresh, body: told } = answer;
  const session = told["session"];
  if (access === null || refresh === null || typeof session !== "object" || session === null) {
    throw new Error(`${path} answered ${answer.status} ${answer.code}`);
  }
  const { id, userId } = { id: "", userId: "", ...session };
  return { mode, access, refresh, sessionId: id, userId };
}

/** Presents a refresh token at the refresh route. */
export async function present(server: TestServer, mode: Transport, token: string): Promise<Answer> {
  const call =
    mode === "cookie" ? { headers: { cookie: `${REFRESH}=${token}` } } : { body: { refresh_token: token } };
  return read(await server.send("/auth/refresh", { method: "POST", ...call }));
}

/** Asks who is signed in, with an access token. */
export async function whoAmI(server: TestServer, mode: Transport, token: string): Promise<Answer> {
  return read(await server.send("/auth/me", { headers: withAccess(mode, token) }));
}

/** The session as the store has it. */
export async function endReasonOf(server: TestServer, id: string): Promise<string | null> {
  const details = await server.auth.sessions.get(id);
  if (details === null) throw new Error("there is no such session");
  return details.endReason;
}

/** Rotates until the session has a root and a child that both came by refreshing. */
export async function rotated(server: TestServer, holder: Holder, times: number): Promise<readonly string[]> {
  const tokens = [holder.refresh];
  for (let n = 0; n < times; n++) {
    const answer = await present(server, holder.mode, tokens.at(-1) ?? "");
    if (answer.refresh === null) throw new Error(`rotation ${n} answered ${answer.status} ${answer.code}`);
    tokens.push(answer.refresh);
    server.clock.advance(61);
  }
  return tokens;
}
