import type { Env } from "../platform/env.ts";
import { now } from "../platform/env.ts";
import { type EpochSeconds, minutes, type Seconds } from "../platform/time.ts";
import type { SessionEngine } from "../sessions/engine.ts";
import type { Device } from "../sessions/session.ts";
import { publicUser, type User, type UserStore } from "../users/user.ts";
import type { PostMail } from "./mailer.ts";

const NO_DEVICE: Device = { userAgent: null, address: null };

/**
 * Makes the function that tells a user that a session was ended, because its refresh token was used twice. It reads the user
 * after the answer. An address that is not proved may be the one of a stranger, and gets no message.
 */
export function reuseNotice(
  post: PostMail,
  users: Pick<UserStore, "get">,
  env: Pick<Env, "clock">,
): SessionEngine["onReuse"] {
  return ({ userId, device }) => {
    const at = now(env);
    post(async () => {
      const user = await users.get(userId);
      if (user === null || user.email === null || !user.emailVerified) return null;
      const about = { at, device: device ?? NO_DEVICE };
      return { type: "session_ended_by_reuse", to: user.email, user: publicUser(user), ...about };
    });
  };
}

/** For this long after a sign-up, a user gets no message about sign-ins. */
const SIGN_UP: Seconds = minutes(1);

/** The facts that decide whether a user gets a message about a sign-in. */
export interface SignInFacts {
  readonly user: Pick<User, "email" | "emailVerified" | "createdAt">;
  /** Whether a session of this browser is continued. */
  readonly continues: boolean;
  /** Whether the browser has the device cookie of the user. */
  readonly isKnown: boolean;
  /** Whether limits of attempts are on, so that device cookies exist. */
  readonly hasDevices: boolean;
  readonly at: EpochSeconds;
}

/** Decides whether a user gets a message about a sign-in from a new browser or app. */
export function decideNewDevice({ user, continues, isKnown, hasDevices, at }: SignInFacts): "tell" | "quiet" {
  if (user.email === null || !user.emailVerified) return "quiet";
  if (continues || isKnown || !hasDevices) return "quiet";
  return at - user.createdAt < SIGN_UP ? "quiet" : "tell";
}
