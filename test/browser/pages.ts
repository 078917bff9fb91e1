import { createServer, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { build } from "esbuild";

/** Texts by their paths. What has no extension is HTML. */
export type Pages = Readonly<Record<string, string>>;

/** A server on a free port of this machine. */
export interface LocalSite {
  readonly origin: string;
  readonly close: () => Promise<void>;
}

export type Answer = (request: Request, outgoing: ServerResponse) => Response | Promise<Response>;

/** `127.0.0.1` is another site than `localhost`; another port of `localhost` is another origin of the same site. */
export type Host = "localhost" | "127.0.0.1";

/** Serves pages on an origin of their own. */
export function openPages(pages: Pages, host: Host = "localhost"): Promise<LocalSite> {
  return openSite((request) => pageOf(pages, request), host);
}

export async function openSite(answer: Answer, host: Host = "localhost"): Promise<LocalSite> {
  const listener = getRequestListener(
    (request, bindings) => answer(request, bindings.outgoing as ServerResponse),
    { overrideGlobalObjects: false },
  );
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server has no port");
  return {
    origin: `http://${host}:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function pageOf(pages: Pages, request: Request): Response {
  const { pathname } = new URL(request.url);
  const page = Object.hasOwn(pages, pathname) ? pages[pathname] : undefined;
  if (page === undefined) return new Response("nothing here", { status: 404 });
  const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
  return new Response(page, { headers: { "content-type": `${type}; charset=utf-8` } });
}

/** An HTML page that runs scripts of its own origin. */
export function htmlOf(scripts: readonly string[], body = '<div id="root"></div>'): string {
  const tags = scripts.map((script) => `<script src="${script}"></script>`).join("");
  return `<!doctype html><html lang="en"><title>Page</title><body>${body}${tags}</body></html>`;
}

/** Bundles a module for pages, as a site would. Its imports are those of this folder. */
export async function bundle(contents: string, loader: "ts" | "tsx" = "ts"): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, loader, resolveDir: import.meta.dirname, sourcefile: `page.${loader}` },
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
    target: "es2023",
    jsx: "automatic",
    loader: { ".js": "jsx" },
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}
