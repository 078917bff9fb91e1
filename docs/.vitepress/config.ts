import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { fileURLToPath } from "node:url";
import { type DefaultTheme, defineConfig } from "vitepress";

const DOCS = fileURLToPath(new URL("..", import.meta.url));

function pagesIn(folder: string): DefaultTheme.SidebarItem[] {
  return readdirSync(`${DOCS}${folder}`)
    .filter((name) => name.endsWith(".md") && !/^(README|index)\./.test(name))
    .map((name) => {
      const title = /^# (.+)$/m.exec(readFileSync(`${DOCS}${folder}${name}`, "utf8"))?.[1] ?? name;
      return { text: title, link: `/docs/${folder}${name.replace(".md", "")}` };
    });
}

// A dead link fails the build. Pages link to documents outside of `docs`, so the site has all documents, at their paths.
export default defineConfig({
  title: "Latchkey",
  description: "Sign-in and sessions for TypeScript servers",
  lang: "en",
  head: [["link", { rel: "icon", href: "/icon.svg" }]],
  srcDir: "..",
  srcExclude: ["**/.*/**"],
  rewrites: { "README.md": "index.md" },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    config: (md) => {
      md.core.ruler.push("home", ({ tokens, env }) => {
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          const href = token.attrGet("href");
          if (href !== null && posix.join(posix.dirname(env.relativePath), href) === "README.md")
            token.attrSet("href", "/");
        }
      });
    },
  },
  // These stand in the repository, and are no pages.
  ignoreDeadLinks: [/schema\.(sql|prisma)$/, /node-hono$/],
  vite: {
    publicDir: `${DOCS}public`,
    // Pages outside of `docs` find no packages of it.
    resolve: {
      alias: [
        { find: /^vue(?=$|\/)/, replacement: `${DOCS}node_modules/vue` },
        { find: /^docs\/images(?=\/)/, replacement: `${DOCS}images` },
      ],
    },
  },
  themeConfig: {
    search: { provider: "local" },
    outline: { level: [2, 3] },
    sidebar: [
      { text: "Guides", items: [{ text: "All documents", link: "/docs/README" }, ...pagesIn("")] },
      { text: "Reference", items: pagesIn("reference/") },
      { text: "Decisions", items: pagesIn("decisions/") },
    ],
  },
});
