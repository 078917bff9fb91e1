import { auth } from "./auth.js";

export const users = auth.users;

export async function nameOf(id: string) {
  const user = await auth.users.get(id);
  return user?.name ?? user?.email;
}

export const findByEmail = (email: string) => auth.users.find({ email });

export const renamed = (id: string) => auth.users.update(id, { name: "Ann", picture: null });

export const page = async (after?: string) =>
  (await auth.users.list(after === undefined ? {} : { after })).next;

export const register = (email: string, password: string) => auth.users.create({ email, password });

export const accountsOf = (id: string) => auth.users.accounts(id);

export const tokensOf = (id: string) => auth.users.providerTokens(id, "github");

export const signOutAt = (id: string): Promise<string | null> =>
  auth.users.endSessionURL(id, "oidc", { redirectTo: "/goodbye", state: "x" });

export const invite = (email: string): Promise<void> => auth.users.invite(email);

export const verifyAgain = (email: string): Promise<void> => auth.users.requestEmailVerification(email);

export async function verified(token: string, password: string) {
  const user = await auth.users.verifyEmail(token, { password });
  return user.emailVerified;
}

export async function moved(id: string, email: string, token: string) {
  await auth.users.changeEmail(id, email);
  const user = await auth.users.confirmEmailChange(token);
  return user.email === email && (await auth.users.undoEmailChange(token)).emailVerified;
}

export const linkTo = (email: string): Promise<void> => auth.users.sendLink(email);

export const codeTo = (email: string): Promise<void> => auth.users.sendCode(email);

export async function entered(email: string, code: string, token: string) {
  const users = [await auth.users.redeemLink(token), await auth.users.redeemCode(email, code)];
  return users.map(({ id }) => id);
}
