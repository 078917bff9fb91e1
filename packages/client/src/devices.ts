import { type Address, noPageFailure } from "./address.ts";
import type { ClientSession } from "./client-session.ts";
import { invalidResponse, isRecord, networkFailure, type Result, readResult, success } from "./result.ts";

/** One session of the user, and the device that it is on. Times are seconds since 1970, by the server's clock. */
export interface Device<C = unknown> {
  /** The id of the session. */
  readonly id: string;
  /** Whether it is the session of this client. */
  readonly current: boolean;
  /** The user agent that was sent at sign-in, and the address if the server knows it. Neither is verified. */
  readonly device: { readonly userAgent: string | null; readonly address: string | null };
  readonly context: C;
  readonly createdAt: number;
  readonly refreshedAt: number;
  readonly expiresAt: number | null;
}

type Send = (url: string, init?: RequestInit) => Promise<Response>;

/** `GET /sessions`. */
export async function listDevices(send: Send, { urlOf }: Address): Promise<Result<readonly Device[]>> {
  const result = await sendAndRead(send, urlOf("/sessions"));
  if (!result.ok) return result;
  const list = isRecord(result.data) ? result.data.sessions : null;
  return Array.isArray(list) && list.every(isDevice) ? success(list) : invalidResponse(200);
}

/** `DELETE /sessions/:id`. To revoke the session of this client is to sign out. */
export async function revokeDevice(
  session: ClientSession,
  send: Send,
  { urlOf }: Address,
  id: string,
): Promise<Result<null>> {
  if (session.state.session?.id === id) return session.signOut("session");
  const url = urlOf(`/sessions/${encodeURIComponent(id)}`);
  const result = await sendAndRead(send, url, { method: "DELETE" });
  // If the own id is not known yet, the revoked session may be this one, and a refresh finds out.
  if (result.ok && session.state.session === null) await session.refresh();
  return result.ok ? success(null) : result;
}

async function sendAndRead(send: Send, url: string | null, init?: RequestInit): Promise<Result<unknown>> {
  if (url === null) return noPageFailure();
  try {
    return await readResult(await send(url, init));
  } catch {
    return networkFailure();
  }
}

function isDevice(value: unknown): value is Device {
  return isRecord(value) && typeof value.id === "string" && isRecord(value.device);
}
