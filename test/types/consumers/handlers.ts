import type { RouteName } from "@latchkey/core";
import { auth } from "./auth.js";

export const login = auth.handlers.login;

export const handlers = auth.handlers;

export const { signup, logout, me } = auth.handlers;

export const handle = auth.handle;

export function handlerOf(name: RouteName) {
  return auth.handlers[name];
}
