import { auth } from "./auth.js";

export async function f(r: Request) {
  const v = await auth.validate(r);
  return v.ok ? v.session.id : null;
}

export async function userIdOf(r: Request) {
  const v = await auth.validate(r, { refresh: "never" });
  return v.ok ? v.userId : v.code;
}

export async function recentUserOf(r: Request) {
  const v = auth.stepUp(await auth.validate(r, { maxAge: 900, amr: ["pwd"] }), { maxAge: 60 });
  return v.ok ? v.session.context.role : v.code === "insufficient_user_authentication";
}

export const validate = (r: Request) => auth.validate(r);
