export { ended } from "./ended.ts";
export { jwks } from "./jwks.ts";
export { logout } from "./logout.ts";
export { oauthCallback } from "./oauth-callback.ts";
export { oauthExchange } from "./oauth-exchange.ts";
export { linkAccount, oauthStart, unlinkAccount } from "./oauth-start.ts";
export { login, signup } from "./password.ts";
export { refresh } from "./refresh.ts";
export { me, revokeSession, session, sessions } from "./sessions.ts";
