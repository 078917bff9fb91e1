import { auth } from "./auth.js";

export async function f(r: Request) {
  const v = await auth.validate(r);
  return v.ok ? v.session.id : null;
}

export async function userIdOf(r: Request) {
  const v = await auth.validate(r, { refresh: "never" });
  return v.ok ? v.userId : v.code;
}

export const validate = (r: Request) => auth.validate(r);
