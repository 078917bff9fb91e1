type Names = readonly (readonly [RegExp, string])[];

/** The first that fits. A browser also names those that it is like: Edge says Chrome and Safari too. */
const BROWSERS: Names = [
  [/\bEdg(A|iOS)?\//, "Edge"],
  [/\bOP(R|X|T)\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bYaBrowser\//, "Yandex Browser"],
  [/\bDuckDuckGo\/|\bDdg\//, "DuckDuckGo"],
  [/\b(Firefox|FxiOS)\//, "Firefox"],
  [/\b(Chrome|CriOS|Chromium|HeadlessChrome)\//, "Chrome"],
  [/\bVersion\/[\d.]+ (Mobile\/\w+ )?Safari\//, "Safari"],
  [/^curl\//, "curl"],
];

const SYSTEMS: Names = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\b(Macintosh|Mac OS X|Darwin)\b/, "Mac"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bLinux\b/, "Linux"],
];

/**
 * Names a device in words for a list of devices, such as "Chrome on Windows", "An app on Android" or "Unknown device". Any client
 * can send any User-Agent, so use it for display only. iPads and some browsers name others in place of themselves: an iPad is a Mac,
 * and Brave is Chrome.
 */
export function deviceName(userAgent: string | null | undefined): string {
  const text = userAgent ?? "";
  const browser = find(BROWSERS, text);
  const system = find(SYSTEMS, text);
  if (browser === null) return system === null ? "Unknown device" : `An app on ${system}`;
  return system === null ? browser : `${browser} on ${system}`;
}

function find(known: Names, text: string): string | null {
  return known.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}
