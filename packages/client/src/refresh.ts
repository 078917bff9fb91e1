import { accept, dispatch, type Keeper, refuse, type SignedIn, schedule, take } from "./keeper.ts";
import { type ClientError, invalidResponse, isRecord, type Result, success } from "./result.ts";
import { isDuration, isSession, type Session } from "./state.ts";

/** How far two answers about one token may differ, in milliseconds: they tell whole seconds. */
const ROUNDING = 2_000;

/** Asks who is signed in. Where the access token is over, the answer brings a new one. */
export function look(keeper: Keeper): Promise<Result<SignedIn>> {
  const ask = (): Promise<Result<SignedIn>> => lookNow(keeper);
  keeper.looking ??= take(keeper, ask, ask).finally(() => {
    keeper.looking = null;
  });
  return keeper.looking;
}

async function lookNow(keeper: Keeper): Promise<Result<SignedIn>> {
  const result = await keeper.transport.look();
  return result.ok ? accept(keeper, result.data) : refuse(keeper, result.error);
}

/** Presents the refresh token, unless somebody else did while this waited. */
export function renew(keeper: Keeper): Promise<Result<Session>> {
  const { renewals } = keeper;
  const alone = (): Promise<Result<Session>> => {
    const { session } = keeper.state;
    const isDone = keeper.renewals !== renewals && session !== null;
    return isDone ? Promise.resolve(success(session)) : renewNow(keeper);
  };
  const after = async (): Promise<Result<Session>> => {
    // The other tab's word may come later than its turn ends: the server knows whether there is a newer token.
    const before = keeper.overAt;
    const seen = await lookNow(keeper);
    if (seen.ok && keeper.overAt <= before + ROUNDING) return alone();
    return seen.ok ? success(seen.data.session) : seen;
  };
  if (keeper.renewing === null) {
    const renewing = take(keeper, alone, after).finally(() => {
      if (keeper.renewing === renewing) keeper.renewing = null;
    });
    keeper.renewing = renewing;
  }
  return keeper.renewing;
}

async function renewNow(keeper: Keeper): Promise<Result<Session>> {
  const { state, transport } = keeper;
  const result = await transport.renew();
  if (!result.ok) return renewedNot(keeper, result.error);
  const { data } = result;
  if (!isRecord(data) || !isSession(data.session) || !isDuration(data.expires_in)) {
    return refuse(keeper, invalidResponse(200).error);
  }
  const { session, expires_in: expiresIn } = data;
  keeper.renewals += 1;
  keeper.answeredAt = keeper.env.now();
  schedule(keeper, expiresIn);
  if (state.session?.id === session.id) dispatch(keeper, { type: "renewed", session });
  // The user of another session is not in the answer. Where nobody watches and nobody was shown, nobody misses them.
  else if (keeper.listeners.size > 0 || state.session !== null) await lookNow(keeper);
  keeper.tabs.tell({ id: session.id, expiresIn });
  return success(session);
}

/** A session may have no refresh token (`refreshToken: false` on the server): then its access token says who is signed in. */
async function renewedNot(keeper: Keeper, error: ClientError): Promise<Result<Session>> {
  if (error.code !== "unauthenticated" || keeper.state.status === "signed-out") return refuse(keeper, error);
  const seen = await lookNow(keeper);
  if (!seen.ok) return seen;
  keeper.dueAt = Number.POSITIVE_INFINITY;
  keeper.alarm.set(keeper.overAt - keeper.env.now());
  return success(seen.data.session);
}
