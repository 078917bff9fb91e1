import { auth } from "./auth.js";

export const sessions = auth.sessions;

export const list = auth.sessions.list;

export async function devicesOf(userId: string) {
  return (await auth.sessions.list(userId)).map(({ id, device, transport, endReason }) => ({
    id,
    device,
    transport,
    endReason,
  }));
}

export async function start(userId: string) {
  return auth.sessions.create(userId, { context: { tenant: "acme", role: "admin" }, transport: "bearer" });
}

export const refresh = async (token: string) => auth.sessions.refresh(token);

export async function outcomeOf(token: string) {
  const refreshed = await refresh(token);
  return refreshed.ok ? refreshed.outcome : refreshed.code;
}

export const settingsOf = (
  { id }: { readonly id: string },
  options = {} as Parameters<typeof sessions.create>[1],
) => ({
  ...options,
  id,
});

export const options = () =>
  ({ amr: ["pwd"], refresh: false }) satisfies Parameters<typeof sessions.create>[1];
