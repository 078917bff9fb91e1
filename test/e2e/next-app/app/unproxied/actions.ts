"use server";

import { callRoute } from "@latchkey/next";
import { cookies } from "next/headers";
import { auth } from "../../lib/auth.ts";
import { seen } from "../../lib/seen.ts";

export async function look(): Promise<void> {
  const jar = await cookies();
  jar.set("first", await seen());
  jar.set("second", await seen());
}

export async function renew(): Promise<void> {
  await callRoute(auth.handlers.refresh);
}
