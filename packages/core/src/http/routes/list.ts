import type { RoutePlace } from "../route.ts";
import type * as rare from "./rare.ts";

export { jwks } from "./jwks.ts";
export { logout } from "./logout.ts";
export { login } from "./password.ts";
export { refresh } from "./refresh.ts";
export { me, revokeSession, session, sessions } from "./sessions.ts";

/** A route that few requests need. Its handler is loaded with the first request to one of them. */
export interface RareRoute extends RoutePlace {
  readonly rare: Exclude<keyof typeof rare, "answerForm" | "remindToVerify">;
}

export const signup: RareRoute = { rare: "signup", method: "POST", path: "/signup" };
export const reauthenticate: RareRoute = { rare: "reauthenticate", method: "POST", path: "/reauthenticate" };
export const deleteAccount: RareRoute = { rare: "deleteAccount", method: "DELETE", path: "/account" };
export const ended: RareRoute = { rare: "ended", method: "GET", path: "/ended" };

export const forgotPassword: RareRoute = { rare: "forgotPassword", method: "POST", path: "/password/forgot" };
export const resetPassword: RareRoute = { rare: "resetPassword", method: "POST", path: "/password/reset" };
export const changePassword: RareRoute = { rare: "changePassword", method: "POST", path: "/password/change" };

export const changeEmail: RareRoute = { rare: "changeEmail", method: "POST", path: "/email/change" };
export const confirmEmailChange: RareRoute = {
  rare: "confirmEmailChange",
  method: "POST",
  path: "/email/change/confirm",
};
export const undoEmailChange: RareRoute = {
  rare: "undoEmailChange",
  method: "POST",
  path: "/email/change/undo",
};
export const requestEmailVerification: RareRoute = {
  rare: "requestEmailVerification",
  method: "POST",
  path: "/email/verify/request",
};
export const verifyEmail: RareRoute = { rare: "verifyEmail", method: "POST", path: "/email/verify" };

export const sendLink: RareRoute = { rare: "sendLink", method: "POST", path: "/link" };
export const confirmLink: RareRoute = { rare: "confirmLink", method: "POST", path: "/link/confirm" };
export const sendCode: RareRoute = { rare: "sendCode", method: "POST", path: "/code" };
export const confirmCode: RareRoute = { rare: "confirmCode", method: "POST", path: "/code/confirm" };

export const oauthStart: RareRoute = { rare: "oauthStart", method: "GET", path: "/oauth/:provider" };
export const oauthCallback: RareRoute = {
  rare: "oauthCallback",
  method: ["GET", "POST"],
  path: "/oauth/:provider/callback",
  // RFC 6749 4.1.2: the provider may make the browser post the response. The sealed transaction binds it to that browser.
  crossSite: true,
};
export const oauthExchange: RareRoute = { rare: "oauthExchange", method: "POST", path: "/oauth/exchange" };
export const oauthNonce: RareRoute = { rare: "oauthNonce", method: "POST", path: "/oauth/:provider/nonce" };
export const oauthToken: RareRoute = { rare: "oauthToken", method: "POST", path: "/oauth/:provider/token" };
export const backchannelLogout: RareRoute = {
  rare: "backchannelLogout",
  method: "POST",
  path: "/oauth/:provider/backchannel-logout",
  // Back-Channel Logout 2.5: a server sends it. Its signed token is the only credential, and no cookie counts.
  crossSite: true,
};
export const linkAccount: RareRoute = {
  rare: "linkAccount",
  method: "POST",
  path: "/oauth/:provider/link",
};
export const unlinkAccount: RareRoute = {
  rare: "unlinkAccount",
  method: "DELETE",
  path: "/oauth/:provider/link",
};
