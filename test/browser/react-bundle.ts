import { createRequire } from "node:module";
import { dirname } from "node:path";
import { Script } from "node:vm";
import { build } from "esbuild";

const require = createRequire(import.meta.url);

/** Where a version of React is, under the names that `package.json` gives it. */
export interface ReactVersion {
  readonly version: string;
  readonly react: string;
  readonly dom: string;
}

export const versions: readonly ReactVersion[] = [
  { version: "18.3.1", react: "react-18", dom: "react-dom-18" },
  { version: "19.3.1", react: "react", dom: "react-dom" },
];

const BROWSER = `
import { createAuthClient } from "@latchkey/client";
import { createElement, version } from "react";
import { createRoot, hydrateRoot } from "react-dom/client";
import { App } from "./react-app.ts";
const client = createAuthClient({ baseURL: "/auth" });
const element = createElement(App, { client, isBare: location.pathname === "/bare" });
const root = document.getElementById("root");
globalThis.reactVersion = version;
const start = () => {
  if (root.hasChildNodes()) globalThis.reactRoot = hydrateRoot(root, element);
  else (globalThis.reactRoot = createRoot(root)).render(element);
};
if (location.pathname !== "/late") start();
else client.session.subscribe(({ status }) => status !== "loading" && globalThis.reactRoot === undefined && start());
`;

const SERVER = `
import { createAuthClient } from "@latchkey/client";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { App, Reader } from "./react-app.ts";
const refuse = () => { throw new Error("a server asks nothing and waits for nothing"); };
const client = createAuthClient({ baseURL: "/auth", env: { fetch: refuse, later: refuse, openChannel: refuse } });
module.exports = {
  page: () => renderToString(createElement(App, { client })),
  readerAlone: () => renderToString(createElement(Reader)),
};
`;

/** What a server can do with the application. */
export interface ServerBundle {
  readonly page: () => string;
  /** Without an `AuthProvider`. */
  readonly readerAlone: () => string;
}

/** The application for browsers. React's development build: it warns. */
export function browserBundle(version: ReactVersion): Promise<string> {
  return bundleWith(version, BROWSER, "browser");
}

export async function serverBundle(version: ReactVersion): Promise<ServerBundle> {
  const script = new Script(`(require, module) => {${await bundleWith(version, SERVER, "node")}}`);
  const module = { exports: {} as ServerBundle };
  script.runInThisContext()(require, module);
  return module.exports;
}

async function bundleWith(
  { react, dom }: ReactVersion,
  contents: string,
  platform: "browser" | "node",
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader: "ts", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    platform,
    format: platform === "node" ? "cjs" : "iife",
    target: "es2023",
    alias: { react: folderOf(react), "react-dom": folderOf(dom) },
    define: { "process.env.NODE_ENV": '"development"' },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

function folderOf(name: string): string {
  return dirname(require.resolve(`${name}/package.json`));
}
