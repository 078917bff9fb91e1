import { labelledDigest } from "../platform/digest.ts";
import { parseJson, toBase64url, utf8 } from "../platform/encoding.ts";
import { days, type EpochSeconds, type Seconds } from "../platform/time.ts";

/** How long a browser is remembered after its last sign-in as a user. */
export const DEVICE_LIFETIME: Seconds = days(365);
/** More users of one browser push out the one whose sign-in is the longest ago. */
const MOST_USERS = 5;
const ID_BYTES = 16;

/** A browser in which a user has signed in. It authenticates no request: it only chooses the bucket of an attempt. */
export interface KnownDevice {
  /** The digest of the user's id, so that every entry has one size. */
  readonly user: string;
  /** Stays the same at every sign-in, so that a copy of an old cookie counts in the same bucket. */
  readonly id: string;
  readonly credentialsVersion: number;
  readonly issuedAt: EpochSeconds;
}

/** The part of a user that a device depends on. */
export interface DeviceUser {
  readonly id: string;
  readonly credentialsVersion: number;
}

/**
 * Finds the id of the device of a user. Null if the browser does not know the user, if the entry is older than a year or
 * from the future, and if the user's credentials have changed since.
 */
export function findDevice(
  devices: readonly KnownDevice[],
  user: DeviceUser,
  now: EpochSeconds,
): string | null {
  const digest = userDigest(user.id);
  const found = devices.find((device) => device.user === digest);
  if (found === undefined || found.credentialsVersion !== user.credentialsVersion) return null;
  return Math.abs(now - found.issuedAt) < DEVICE_LIFETIME ? found.id : null;
}

/** Puts a user who just signed in first. A known device keeps its id. */
export function rememberDevice(
  devices: readonly KnownDevice[],
  user: DeviceUser,
  now: EpochSeconds,
  random: (length: number) => Uint8Array,
): readonly KnownDevice[] {
  const digest = userDigest(user.id);
  const id = findDevice(devices, user, now) ?? toBase64url(random(ID_BYTES));
  const newest = { user: digest, id, credentialsVersion: user.credentialsVersion, issuedAt: now };
  return [newest, ...devices.filter((device) => device.user !== digest)].slice(0, MOST_USERS);
}

/** Writes devices as text, to be sealed. */
export function formatDevices(devices: readonly KnownDevice[]): string {
  return JSON.stringify(
    devices.map(
      ({ user, id, credentialsVersion, issuedAt }): Packed => [user, id, credentialsVersion, issuedAt],
    ),
  );
}

/** Reads what `formatDevices` wrote. Empty for any other text. */
export function parseDevices(text: string | null): readonly KnownDevice[] {
  const packed = text === null ? null : parseJson(text);
  if (!Array.isArray(packed) || packed.length > MOST_USERS || !packed.every(isPacked)) return [];
  return packed.map(([user, id, credentialsVersion, issuedAt]) => {
    return { user, id, credentialsVersion, issuedAt };
  });
}

type Packed = readonly [user: string, id: string, credentialsVersion: number, issuedAt: EpochSeconds];

// A sealed text is Latchkey's own. The guard refuses the form of another version.
function isPacked(value: unknown): value is Packed {
  if (!Array.isArray(value) || value.length !== 4) return false;
  const [user, id, version, issuedAt]: readonly unknown[] = value;
  const areTexts = typeof user === "string" && typeof id === "string";
  return areTexts && Number.isInteger(version) && Number.isInteger(issuedAt);
}

function userDigest(id: string): string {
  return labelledDigest("device-user", utf8(id));
}
