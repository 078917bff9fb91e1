export { jwks } from "./jwks.ts";
export { logout } from "./logout.ts";
export { me, session } from "./me.ts";
export { oauthCallback } from "./oauth-callback.ts";
export { oauthExchange } from "./oauth-exchange.ts";
export { linkAccount, oauthStart, unlinkAccount } from "./oauth-start.ts";
export { login, signup } from "./password.ts";
export { refresh } from "./refresh.ts";
export { revokeSession, sessions } from "./sessions.ts";
