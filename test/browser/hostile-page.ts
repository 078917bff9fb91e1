import type { Page } from "playwright-core";
import { htmlOf } from "./pages.ts";

/** The requests that a hostile page tries. `url` is absolute. */
export interface Attempt {
  readonly method: string;
  readonly url: string;
}

/** What is sent with it: the members of a JSON body. */
export type Members = Readonly<Record<string, string>>;

declare global {
  /** What a hostile page can read of another window. */
  function reachThrough(other: object): readonly string[];
}

const SCRIPT = `
function reachThrough(other) {
  const names = ["client", "document", "localStorage", "sessionStorage", "navigator", "indexedDB", "caches", "cookieStore"];
  return names.filter((name) => {
    try {
      return other[name] !== undefined;
    } catch {
      return false;
    }
  });
}`;

export const HOSTILE_PAGE: string = htmlOf([], `<h1>Win a prize</h1><script>${SCRIPT}</script>`);

const ENCODINGS = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"] as const;

/** Submits forms of every encoding into frames, as many at once, and waits until all were answered. */
export async function submitFramed(page: Page, urls: readonly string[], members: Members): Promise<void> {
  await page.evaluate(
    async ({ targets, fields, encodings }) => {
      const submit = (action: string, enctype: string): Promise<unknown> => {
        const frame = Object.assign(document.createElement("iframe"), { name: crypto.randomUUID() });
        document.body.append(frame);
        const form = Object.assign(document.createElement("form"), { method: "post", action, enctype });
        form.target = frame.name;
        // As text, one field whose name and value are a JSON document together.
        const text = JSON.stringify({ ...fields, x: "" }).slice(0, -2);
        const pairs = enctype === "text/plain" ? [[text, '"}']] : Object.entries(fields);
        for (const [name = "", value = ""] of pairs) {
          form.append(Object.assign(document.createElement("input"), { name, value }));
        }
        document.body.append(form);
        const loaded = new Promise((resolve) => frame.addEventListener("load", resolve, { once: true }));
        form.submit();
        return loaded;
      };
      await Promise.all(targets.flatMap((url) => encodings.map((encoding) => submit(url, encoding))));
    },
    { targets: urls, fields: members, encodings: ENCODINGS },
  );
}

/** Submits one form as a navigation of the page itself. */
export async function submitTop(page: Page, url: string, members: Members): Promise<void> {
  const arrived = page.waitForURL(url);
  await page.evaluate(
    ({ action, fields }) => {
      const form = Object.assign(document.createElement("form"), { method: "post", action });
      for (const [name, value] of Object.entries(fields)) {
        form.append(Object.assign(document.createElement("input"), { name, value }));
      }
      document.body.append(form);
      form.submit();
    },
    { action: url, fields: members },
  );
  await arrived;
}

/** Leads the page itself somewhere, as a link does. */
export async function goTo(page: Page, url: string): Promise<void> {
  const answered = page.waitForEvent("load");
  await page.evaluate((target) => location.assign(target), url);
  await answered;
}

/** Fetches in every mode a script has, with the cookies. Returns what it could read of any answer. */
export function fetchAll(page: Page, attempts: readonly Attempt[], members: Members): Promise<string[]> {
  return page.evaluate(
    async ({ list, fields }) => {
      const json = JSON.stringify(fields);
      const bodies = [json, new URLSearchParams(fields)];
      const types = ["text/plain", "application/json"];
      const read: string[] = [];
      const go = async (url: string, init: RequestInit): Promise<void> => {
        try {
          const response = await fetch(url, { credentials: "include", ...init });
          read.push(await response.text());
        } catch {
          // Refused, as it should be.
        }
      };
      const all = list.flatMap(({ url, method }) => {
        const modes = (["cors", "no-cors"] as const).map((mode) => ({ method, mode }));
        if (method === "GET") return modes.map((init) => go(url, init));
        const typed = types.map((type) => ({ method, body: json, headers: { "content-type": type } }));
        const plain = modes.flatMap((init) => bodies.map((body) => ({ ...init, body })));
        const inits: RequestInit[] = [...plain, ...typed, { method, keepalive: true }];
        return inits.map((init) => go(url, init));
      });
      await Promise.all(all);
      return read.filter((text) => text !== "");
    },
    { list: attempts, fields: members },
  );
}

/** Sends beacons of every type, whose answers no script can wait for. */
export function beaconAll(page: Page, urls: readonly string[], members: Members): Promise<void> {
  return page.evaluate(
    ({ targets, fields }) => {
      const form = new FormData();
      for (const [name, value] of Object.entries(fields)) form.append(name, value);
      const bodies = [JSON.stringify(fields), new URLSearchParams(fields), form];
      for (const url of targets) for (const body of bodies) navigator.sendBeacon(url, body);
    },
    { targets: urls, fields: members },
  );
}

/** Includes an address as everything a page can include. Returns what came of it. */
export function includeAll(page: Page, url: string): Promise<Readonly<Record<string, unknown>>> {
  return page.evaluate(async (address) => {
    const element = (tag: string, members: object): Promise<string> =>
      new Promise((resolve) => {
        const made = Object.assign(document.createElement(tag), members);
        made.addEventListener("load", () => resolve("load"));
        made.addEventListener("error", () => resolve("error"));
        document.body.append(made);
      });
    const stream = (): Promise<string> =>
      new Promise((resolve) => {
        const source = new EventSource(address, { withCredentials: true });
        source.onerror = () => resolve(source.readyState === EventSource.CLOSED ? "error" : "open");
        source.onopen = () => resolve("open");
      });
    const frame = Object.assign(document.createElement("iframe"), { src: address });
    const framed = new Promise((resolve) => frame.addEventListener("load", resolve));
    document.body.append(frame);
    await framed;
    const before = Object.getOwnPropertyNames(globalThis).length;
    const results = {
      script: await element("script", { src: address }),
      module: await element("script", { src: address, type: "module", crossOrigin: "use-credentials" }),
      image: await element("img", { src: address }),
      stylesheet: await element("link", { rel: "stylesheet", href: address }),
      stream: await stream(),
      frame: frame.contentDocument === null ? "error" : "open",
    };
    const globals = Object.getOwnPropertyNames(globalThis).length - before;
    return { ...results, globals };
  }, url);
}
