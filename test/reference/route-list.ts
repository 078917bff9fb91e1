import * as routes from "../../packages/core/src/http/routes/list.ts";
import { type Code, type Fault, faultAt, type Part, sourceOf } from "./code.ts";
import { declarationsOf } from "./declarations.ts";

const LIST = "packages/core/src/http/routes/list.ts";
const RARE = "packages/core/src/http/routes/rare.ts";

/** The page of routes. The body and the answer of each stand in the docstring of its handler. */
export function routeList(code: Code): Part {
  const names = new Set<string>();
  const faults: Fault[] = [];
  const sections = Object.entries(routes)
    .sort(byPath)
    .map(([name, route]) => {
      const methods = [route.method].flat();
      const paths = [route.path].flat();
      for (const method of methods) for (const path of paths) names.add(`${method} ${path}`);
      const [declared] = declarationsOf(code, sourceOf(code, "rare" in route ? RARE : LIST), name);
      const doc = declared?.doc ?? "";
      if (declared === undefined || !/^Body: .*\n[\s\S]*^Answer: /m.test(doc)) {
        const place = declared ?? { source: sourceOf(code, LIST), statement: { start: 0 } };
        const detail = `the docstring of ${name} has no paragraphs "Body:" and "Answer:"`;
        faults.push(faultAt(place.source, place.statement.start, detail));
      }
      const title = paths.map((path) => `\`${methods.join(", ")} ${path}\``).join(", ");
      return `## ${name}\n\n${title}\n\n${withoutPath(doc)}\n`;
    });
  return { text: INTRODUCTION + sections.join("\n"), names, faults };
}

type Entry = readonly [string, (typeof routes)[keyof typeof routes]];

function byPath([, a]: Entry, [, b]: Entry): number {
  const keyOf = ({ path, method }: Entry[1]): string => `${path} ${method}`;
  return keyOf(a) < keyOf(b) ? -1 : 1;
}

const INTRODUCTION = `# Routes

Paths are below \`basePath\`. Each section has the name of the handler in \`auth.handlers\`. A body is JSON or a form of at most 16,384 bytes.

The answer of a sign-in is \`{ expires_in, user, session }\` with cookies. With \`"transport": "bearer"\` in the body it is
\`{ access_token, token_type, refresh_token, expires_in, user, session }\` without cookies.

Besides the errors of its section, a route answers \`method_not_allowed\`, \`store_unavailable\` and \`internal_error\`. One with a body also
answers \`invalid_request\`, \`payload_too_large\` and \`unsupported_media_type\`, and a \`POST\` or \`DELETE\` of another origin gets
\`csrf_rejected\`.

`;

/** A docstring begins with the method and the path, which the title has already. */
function withoutPath(doc: string): string {
  const text = doc.replace(/^(?:`[^`]+`(?: or )?)+: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
