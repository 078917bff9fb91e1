// Loaded with the first request that needs one of these. `list.ts` has the paths.
export { answerForm } from "../form-post.ts";
export { deleteAccount } from "./account.ts";
export { changeEmail, confirmEmailChange, undoEmailChange } from "./email-change.ts";
export { ended } from "./ended.ts";
export { confirmCode, confirmLink, sendCode, sendLink } from "./mail-sign-in.ts";
export { changePassword, forgotPassword, resetPassword } from "./new-password.ts";
export { oauthCallback } from "./oauth-callback.ts";
export { oauthExchange } from "./oauth-exchange.ts";
export { backchannelLogout } from "./oauth-logout.ts";
export { linkAccount, oauthStart, unlinkAccount } from "./oauth-start.ts";
export { oauthNonce, oauthToken } from "./oauth-token.ts";
export { reauthenticate } from "./reauthenticate.ts";
export { signup } from "./sign-up.ts";
export { remindToVerify, requestEmailVerification, verifyEmail } from "./verify-email.ts";
