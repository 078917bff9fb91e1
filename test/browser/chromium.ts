import { accessSync, constants, readlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, type BrowserContext, chromium } from "playwright-core";
import { describe, test } from "vitest";

const MISSING =
  "there is no Chromium here: run `apt-get install chromium`, or say where it is in CHROMIUM_PATH";

const FLAGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Declares tests that need Chromium: that of `CHROMIUM_PATH`, or the one on the path. */
export function describeChromium(name: string, body: () => void): void {
  if (findChromium() !== null) {
    describe(name, body);
    return;
  }
  test(name, (context) => {
    if (process.env["CI"] === "true") throw new Error(MISSING);
    context.skip(MISSING);
  });
}

/** Starts Chromium. Each context that it opens is a profile of its own, kept in memory. */
export function launch(): Promise<Browser> {
  return chromium.launch(optionsOf());
}

/** Starts Chromium with a profile on the disk. */
export function launchPersistent(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, optionsOf());
}

/** Ends the Chromium of a profile as a power cut would. */
export function kill(profile: string): void {
  // The lock of a running profile names its process.
  const pid = Number(/-(\d+)$/.exec(readlinkSync(join(profile, "SingletonLock")))?.[1]);
  process.kill(pid, "SIGKILL");
}

function optionsOf(): { readonly executablePath: string; readonly args: string[] } {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(MISSING);
  return { executablePath, args: [...FLAGS] };
}

function findChromium(): string | null {
  const given = process.env["CHROMIUM_PATH"];
  if (given !== undefined) return given;
  const places = (process.env["PATH"] ?? "").split(delimiter).filter((place) => place !== "");
  const names = places.flatMap((place) => [join(place, "chromium"), join(place, "chromium-browser")]);
  return names.find(canRun) ?? null;
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
