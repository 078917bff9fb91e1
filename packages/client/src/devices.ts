import { type Keeper, signOut } from "./keeper.ts";
import { failure, invalidResponse, isRecord, type Result, readResult, success } from "./result.ts";

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

/** `GET /sessions`. */
export async function listDevices<C>(send: () => Promise<Response>): Promise<Result<readonly Device<C>[]>> {
  const result = await answerOf(send);
  if (!result.ok) return result;
  const list = isRecord(result.data) ? result.data.sessions : null;
  return Array.isArray(list) && list.every(isDevice<C>) ? success(list) : invalidResponse(200);
}

/** `DELETE /sessions/:id`. To end one's own is to sign out. */
export async function revokeDevice<U, C>(
  keeper: Keeper<U, C>,
  id: string,
  send: () => Promise<Response>,
): Promise<Result<null>> {
  if (keeper.state.session?.id === id) return signOut(keeper, "session");
  const result = await answerOf(send);
  return result.ok ? success(null) : result;
}

async function answerOf(send: () => Promise<Response>): Promise<Result<unknown>> {
  try {
    return await readResult(await send());
  } catch {
    return failure("network_error", "The server could not be reached.");
  }
}

function isDevice<C>(value: unknown): value is Device<C> {
  return (
    isRecord(value) &&
    typeof value.id === "string" &&
    typeof value.current === "boolean" &&
    isRecord(value.device)
  );
}
