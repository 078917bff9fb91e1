import { spawn } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";
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

/** For the suggestions of the address bar, each window loads two pages of Chromium's own in a process of their own. */
const SUGGESTIONS = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"];
/** Chromium starts this process before a page needs it, and most tests end without it. */
const SPARE_PROCESS = "SpareRendererForSitePerProcess";

// Chromium reads the last flag of a name only, so ours repeats the list of playwright-core.
const DISABLED_BY_PLAYWRIGHT = [
  "AvoidUnnecessaryBeforeUnloadCheckSync",
  "DestroyProfileOnBrowserClose",
  "HttpsUpgrades",
  "HttpsFirstBalancedModeAutoEnable",
  "LensOverlay",
  "MediaRouter",
  "PaintHolding",
  "ThirdPartyStoragePartitioning",
  "AvoidCorsURLLoaderRestartOnRedirect",
  "TcpPortRandomizationWin",
  "OptimizationHints",
  "NetworkTimeServiceQuerying",
  "AimEnabled",
  "PreconnectToSearch",
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

/**
 * Starts the shell of Chromium, if it is on the path: the same engine without the parts of a window, for a quarter of the processor time.
 * Each context that it opens is a profile of its own, kept in memory.
 */
export function launch(flags: readonly string[] = []): Promise<Browser> {
  const shell = process.env["CHROMIUM_PATH"] === undefined ? findOnPath(["chromium-headless-shell"]) : null;
  return start(shell, flags);
}

/** Starts the whole Chromium, as for service workers and its settings of third-party cookies. */
export function launchWhole(flags: readonly string[] = []): Promise<Browser> {
  return start(null, flags);
}

function start(shell: string | null, flags: readonly string[]): Promise<Browser> {
  const { executablePath, args } = optionsOf(DISABLED_BY_PLAYWRIGHT);
  return chromium.launch({ executablePath: shell ?? executablePath, args: [...args, ...flags] });
}

/** Starts Chromium with a profile on the disk. */
export function launchPersistent(profile: string): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, optionsOf(DISABLED_BY_PLAYWRIGHT));
}

/** One window whose tabs hide one another, as a person's do. Elsewhere every page is visible all the time. */
export interface Window {
  readonly context: BrowserContext;
  readonly close: () => Promise<void>;
}

export async function launchWindow(): Promise<Window> {
  const { executablePath, args } = optionsOf([]);
  const profile = mkdtempSync(join(tmpdir(), "latchkey-window-"));
  const place = ["--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"];
  const running = spawn(executablePath, [...args, ...place], { stdio: "ignore" });
  const gone = new Promise((resolve) => running.once("exit", resolve));
  const file = join(profile, "DevToolsActivePort");
  while (!existsSync(file) || readFileSync(file, "utf8") === "") {
    if (running.exitCode !== null) throw new Error(`Chromium ended with ${running.exitCode}`);
    await setTimeout(20);
  }
  const [port = ""] = readFileSync(file, "utf8").split("\n");
  const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
  const [context] = browser.contexts();
  if (context === undefined) throw new Error("the browser has no window");
  return {
    context,
    close: async () => {
      await browser.close();
      running.kill("SIGKILL");
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Ends the Chromium of a profile as a power cut would. */
export function kill(profile: string): void {
  // The lock of a running profile names its process.
  const pid = Number(/-(\d+)$/.exec(readlinkSync(join(profile, "SingletonLock")))?.[1]);
  process.kill(pid, "SIGKILL");
}

function optionsOf(disabled: readonly string[]): {
  readonly executablePath: string;
  readonly args: string[];
} {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(MISSING);
  return {
    executablePath,
    args: [...FLAGS, `--disable-features=${[...disabled, ...SUGGESTIONS, SPARE_PROCESS]}`],
  };
}

function findChromium(): string | null {
  return process.env["CHROMIUM_PATH"] ?? findOnPath(["chromium", "chromium-browser"]);
}

function findOnPath(names: readonly string[]): string | null {
  const places = (process.env["PATH"] ?? "").split(delimiter).filter((place) => place !== "");
  return places.flatMap((place) => names.map((name) => join(place, name))).find(canRun) ?? null;
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
