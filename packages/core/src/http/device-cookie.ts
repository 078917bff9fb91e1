import type { App } from "../accounts/app.ts";
import { type CookieChange, setCookie } from "../cookies/cookie.ts";
import { browserPlace, deleteUnpartitioned } from "../cookies/site.ts";
import { now } from "../platform/env.ts";
import {
  DEVICE_LIFETIME,
  type DeviceUser,
  findDevice,
  formatDevices,
  type KnownDevice,
  parseDevices,
  rememberDevice,
} from "../throttle/device.ts";
import type { Call } from "./route.ts";

/** A device cookie has less than 700 characters. A longer one is ignored. */
const MAX_DEVICE_COOKIE = 1_024;

/** Reads the devices in the cookie of a browser. Empty without a cookie that this server sealed. */
async function readDevices(app: App, call: Call): Promise<readonly KnownDevice[]> {
  const { name } = browserPlace("device", call.site);
  const sent = call.credentials.cookies.find((cookie) => cookie.name === name);
  if (sent === undefined || sent.value.length > MAX_DEVICE_COOKIE) return [];
  return parseDevices(await app.deviceSealer.open(sent.value, app.sealing()));
}

/** Whether a browser sent a device cookie, of whatever user. */
export function sendsDevice({ site, credentials }: Call): boolean {
  const { name } = browserPlace("device", site);
  return credentials.cookies.some((cookie) => cookie.name === name);
}

/** An unknown user, who has no device. */
const NO_USER: DeviceUser = { id: "", credentialsVersion: -1 };

/** Reads the id of the browser as a device of a user; null if it is none, and without limits. An unknown user costs the same work as a known one. */
export async function readDeviceOf(app: App, call: Call, user: DeviceUser | null): Promise<string | null> {
  if (app.config.limits === null) return null;
  return findDevice(await readDevices(app, call), user ?? NO_USER, now(app.env));
}

/** Makes the cookie that remembers this browser for a user who just signed in. None without limits. */
export async function deviceCookie(app: App, call: Call, user: DeviceUser): Promise<readonly CookieChange[]> {
  if (app.config.limits === null) return [];
  const { random } = app.env;
  const devices = rememberDevice(await readDevices(app, call), user, now(app.env), random);
  const [secret] = app.sealing();
  const sealed = await app.deviceSealer.seal(formatDevices(devices), secret, random);
  const place = browserPlace("device", call.site);
  return [...deleteUnpartitioned([place]), setCookie(place, sealed, DEVICE_LIFETIME)];
}
