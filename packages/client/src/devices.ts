import { type Address, withoutPage } from "./address.ts";
import type { Keeper } from "./keeper.ts";
import { renew } from "./refresh.ts";
import { failure, invalidResponse, isRecord, type Result, readResult, success } from "./result.ts";
import { signOut } from "./sign-in.ts";

/** One of the places where the user is signed in. Times are seconds since 1970, by the server's clock. */
export interface Device<C = unknown> {
  readonly id: string;
  /** Whether it is this one. */
  readonly current: boolean;
  /** What it called itself when it signed in, and its address where the server knows it: to be shown, not to be believed. */
  readonly device: { readonly userAgent: string | null; readonly address: string | null };
  readonly context: C;
  readonly createdAt: number;
  readonly refreshedAt: number;
  readonly expiresAt: number | null;
}

type Send = (url: string, init?: RequestInit) => Promise<Response>;

/** `GET /sessions`. */
export async function listDevices(send: Send, { urlOf }: Address): Promise<Result<readonly Device[]>> {
  const result = await answerOf(send, urlOf("/sessions"));
  if (!result.ok) return result;
  const list = isRecord(result.data) ? result.data.sessions : null;
  return Array.isArray(list) && list.every(isDevice) ? success(list) : invalidResponse(200);
}

/** `DELETE /sessions/:id`. To end one's own is to sign out. */
export async function revokeDevice(
  keeper: Keeper,
  send: Send,
  { urlOf }: Address,
  id: string,
): Promise<Result<null>> {
  if (keeper.state.session?.id === id) return signOut(keeper, "session");
  const url = urlOf(`/sessions/${encodeURIComponent(id)}`);
  const result = await answerOf(send, url, { method: "DELETE" });
  // It may have been one's own, before anybody asked whose that is.
  if (result.ok && keeper.state.session === null) await renew(keeper);
  return result.ok ? success(null) : result;
}

async function answerOf(send: Send, url: string | null, init?: RequestInit): Promise<Result<unknown>> {
  if (url === null) return withoutPage();
  try {
    return await readResult(await send(url, init));
  } catch {
    return failure("network_error", "The server could not be reached.");
  }
}

function isDevice(value: unknown): value is Device {
  return isRecord(value) && typeof value.id === "string" && isRecord(value.device);
}
