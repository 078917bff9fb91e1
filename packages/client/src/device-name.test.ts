import { expect, it } from "vitest";
import { deviceName } from "./device-name.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)";
const ANDROID = "Mozilla/5.0 (Linux; Android 10; K)";
const IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)";
const IPAD = "Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X)";

it.each([
  ["Chrome on Windows", `${WINDOWS} ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`],
  ["Edge on Windows", `${WINDOWS} ${WEBKIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`],
  ["Opera on Windows", `${WINDOWS} ${WEBKIT} Chrome/139.0.0.0 Safari/537.36 OPR/123.0.0.0`],
  ["Vivaldi on Windows", `${WINDOWS} ${WEBKIT} Chrome/140.0.0.0 Safari/537.36 Vivaldi/7.6.3797.52`],
  ["Yandex Browser on Windows", `${WINDOWS} ${WEBKIT} Chrome/138.0.0.0 YaBrowser/25.8.0.0 Safari/537.36`],
  ["Firefox on Windows", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"],
  ["Chrome on Mac", `${MAC} ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`],
  ["Safari on Mac", `${MAC} ${IOS} Version/26.0 Safari/605.1.15`],
  ["Firefox on Mac", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0"],
  ["Chrome on Linux", `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/141.0.0.0 Safari/537.36`],
  ["Firefox on Linux", "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"],
  ["Chrome on ChromeOS", `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${WEBKIT} Chrome/141.0.0.0 Safari/537.36`],
  ["Chrome on Android", `${ANDROID} ${WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36`],
  ["Edge on Android", `${ANDROID} ${WEBKIT} Chrome/141.0.0.0 Mobile Safari/537.36 EdgA/141.0.0.0`],
  [
    "Samsung Internet on Android",
    `${ANDROID} ${WEBKIT} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36`,
  ],
  ["Firefox on Android", "Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0"],
  ["Safari on iPhone", `${IPHONE} ${IOS} Version/26.0 Mobile/15E148 Safari/604.1`],
  ["Chrome on iPhone", `${IPHONE} ${IOS} CriOS/141.0.7390.41 Mobile/15E148 Safari/604.1`],
  ["Firefox on iPhone", `${IPHONE} ${IOS} FxiOS/143.0 Mobile/15E148 Safari/605.1.15`],
  ["Edge on iPhone", `${IPHONE} ${IOS} Version/18.0 EdgiOS/141.0.3537.57 Mobile/15E148 Safari/604.1`],
  ["Opera on iPhone", `${IPHONE} ${IOS} Version/18.6 Mobile/15E148 Safari/604.1 OPT/6.1.5`],
  ["DuckDuckGo on iPhone", `${IPHONE} ${IOS} Version/18.6 Mobile/15E148 DuckDuckGo/7 Safari/605.1.15`],
  ["Safari on iPad", `${IPAD} ${IOS} Version/18.6 Mobile/15E148 Safari/604.1`],
  // An app that shows pages, and apps of the platform.
  ["An app on iPhone", `${IPHONE} ${IOS} Mobile/15E148`],
  ["An app on Mac", "Notes/1 CFNetwork/3826.600.41 Darwin/24.6.0"],
  ["An app on Android", "Dalvik/2.1.0 (Linux; U; Android 15; Pixel 9 Build/BP1A.250505.005)"],
  ["curl", "curl/8.14.1"],
  ["Unknown device", "okhttp/4.12.0"],
  ["Unknown device", "node"],
  ["Unknown device", ""],
  ["Unknown device", null],
  ["Unknown device", undefined],
])("names %s", (name, userAgent) => {
  expect(deviceName(userAgent)).toBe(name);
});
