import { type Path, repeat } from "../rounds.ts";
import { runtimePaths } from "../runtime-paths.ts";

let opened: Promise<readonly Path[]> | null = null;

/** Prepares or runs calls of a path. The time of a Worker stands still while it runs, so the host measures. */
const worker: { fetch(request: Request): Promise<Response> } = {
  fetch: async ({ url }) => {
    opened ??= runtimePaths();
    const paths = await opened;
    const { pathname, searchParams } = new URL(url);
    const path = paths[Number(searchParams.get("path"))];
    const calls = Number(searchParams.get("calls"));
    if (pathname === "/names") return Response.json(paths.map(({ name }) => name));
    if (path === undefined) return new Response("no such path", { status: 404 });
    await (pathname === "/prepare" ? path.prepare?.(calls) : repeat(path, calls));
    return new Response("done");
  },
};
export default worker;
