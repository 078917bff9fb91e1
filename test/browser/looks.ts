import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Page } from "playwright-core";
import { expect } from "vitest";

declare global {
  var axe: { readonly run: () => Promise<AxeResults> };
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PICTURES = join(import.meta.dirname, "screenshots");
const LOOKS = [
  { colorScheme: "light", width: 1400, height: 900 },
  { colorScheme: "dark", width: 360, height: 780 },
] as const;
type Look = { readonly colorScheme: "light" | "dark"; readonly width: number; readonly height: number };
/** Both colours, on a desk and on a telephone. */
export const FOUR_LOOKS: readonly Look[] = (["light", "dark"] as const).flatMap((colorScheme) =>
  LOOKS.map(({ width, height }) => ({ colorScheme, width, height })),
);

/** How much a page moved by itself while it loaded, as Chromium measures it: 0 if it did not, and 0.1 is where it disturbs. */
export function layoutShift(page: Page): Promise<number> {
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        let sum = 0;
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            const { value, hadRecentInput } = entry as PerformanceEntry & {
              readonly value: number;
              readonly hadRecentInput: boolean;
            };
            if (!hadRecentInput) sum += value;
          }
        });
        observer.observe({ type: "layout-shift", buffered: true });
        setTimeout(() => resolve(sum), 300);
      }),
  );
}

/** Keeps pictures of a page, by default in the light on a desk and in the dark on a telephone, and expects no fault of them. */
export async function examine(page: Page, name: string, looks: readonly Look[] = LOOKS): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  await loadAxe(page);
  for (const { colorScheme, ...size } of looks) {
    const title = `${name}-${colorScheme}-${size.width}`;
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, title).toBeLessThanOrEqual(0);
    await page.screenshot({ path: join(PICTURES, `${title}.png`), fullPage: true });
    const { violations } = await page.evaluate(() => axe.run());
    const found = violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]);
    expect(found, title).toEqual([]);
  }
}

/** The policy of a page forbids a script tag, and the protocol of DevTools is not subject to it. */
async function loadAxe(page: Page): Promise<void> {
  if (await page.evaluate(() => "axe" in globalThis)) return;
  const session = await page.context().newCDPSession(page);
  const { exceptionDetails } = await session.send("Runtime.evaluate", { expression: `${AXE};0` });
  expect(exceptionDetails).toBeUndefined();
  await session.detach();
}
