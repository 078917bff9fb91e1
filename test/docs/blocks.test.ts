import { execFile } from "node:child_process";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort, startServer } from "../e2e/demo-process.ts";
import { modulesOf } from "./blocks.ts";
import { readPages, writeModules } from "./project.ts";

const run = promisify(execFile);
const fence = (info: string, code: string): string => `\`\`\`${info}\n${code}\n\`\`\`\n`;

/** A page with a wrong import. It is compiled with the real ones, because each program of the compiler takes seconds. */
const PLANTED = "docs/planted/page.md";
const planted = [
  "# Page\n",
  fence("ts", 'import { createAuth } from "@latchkey/core";\nexport const auth = createAuth;'),
  fence("ts", 'import { createAuht } from "@latchkey/core";\nexport { createAuht };'),
].join("\n");

describe("the code of the pages", () => {
  const project = writeModules(new Map([...readPages(), [PLANTED, planted]]));
  let errors: readonly string[] = [];
  beforeAll(async () => {
    errors = await project.compile();
  });
  afterAll(project.remove);

  it("compiles", () => {
    expect(errors.filter((error) => !error.startsWith(PLANTED))).toEqual([]);
  });

  it("has an error at the line of its page", () => {
    expect(errors.filter((error) => error.startsWith(PLANTED))).toEqual([
      expect.stringMatching(/^docs\/planted\/page\.md:9 error TS2724: .*createAuht/),
    ]);
  });

  for (const module of project.modules.filter(({ use }) => use === "runnable")) {
    it(`runs to its end: ${module.page} ${module.name}`, async () => {
      const file = project.fileOf(module);
      await run(process.execPath, [file], { cwd: dirname(file) });
    });
  }

  for (const module of project.modules.filter(({ use }) => use === "server")) {
    it(`answers: ${module.page} ${module.name}`, async () => {
      const script = project.fileOf(module);
      const server = await startServer({ script, port: await freePort(), cwd: dirname(script) });
      await server.stop("SIGKILL");
    });
  }
});

describe("the modules of a page", () => {
  it("have each block that begins with an import, and those that continue it", () => {
    const page = [
      "# Page\n",
      fence("ts", "createAuth({ store });"),
      fence("ts", 'import { a } from "b";'),
      fence("sh", "npx latchkey\n"),
      fence("ts continued", "a.toFixed();"),
      fence("tsx", 'import "react";\n<a />;'),
    ].join("");
    expect(modulesOf("docs/a.md", page)).toEqual([
      {
        page: "docs/a.md",
        name: "line-5.ts",
        use: "compiled",
        text: `${"\n".repeat(5)}import { a } from "b";${"\n".repeat(7)}a.toFixed();`,
      },
      {
        page: "docs/a.md",
        name: "line-15.tsx",
        use: "compiled",
        text: `${"\n".repeat(15)}import "react";\n<a />;`,
      },
    ]);
  });

  it("have the names that their first lines give, and hidden code", () => {
    const page = [
      "<!-- ts\n// auth.ts\nexport const auth = 1;\n-->\n",
      "<!-- ts\ndeclare const b: string;\n-->\n",
      fence("ts server", "// app/main.ts, the server\nb;"),
    ].join("\n");
    expect(modulesOf("docs/a.md", page).map(({ name, use, text }) => [name, use, text.trim()])).toEqual([
      ["auth.ts", "compiled", "// auth.ts\nexport const auth = 1;"],
      ["app/main.ts", "server", "declare const b: string;\n\n\n\n// app/main.ts, the server\nb;"],
    ]);
  });

  it("refuse a block that continues none, and hidden code before none", () => {
    expect(() => modulesOf("docs/a.md", fence("ts continued", "a;"))).toThrow("docs/a.md:1 continues no");
    expect(() => modulesOf("docs/a.md", "<!-- ts\na;\n-->\n")).toThrow("docs/a.md:1 no code block follows");
  });
});
