import { runtimes } from "./case.ts";
import { runSuite } from "./suite.ts";

// Runs the suite in Node, Bun or Deno, and prints what became of each case.
const agents = { node: "Node.js/", bun: "Bun/", deno: "Deno/", workerd: "Cloudflare-Workers" };
const runtime = runtimes.find((name) => navigator.userAgent.startsWith(agents[name])) ?? "node";
console.log(JSON.stringify(await runSuite(runtime)));
