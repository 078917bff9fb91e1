import { parseSync } from "oxc-parser";
import type { Reference } from "../reference/reference.ts";
import { type Code, codeIn } from "./document.ts";
import { optionKeys } from "./option-keys.ts";
import type { Repository, Violation } from "./repository.ts";

/** What the packages have, by kind. */
interface Known {
  readonly exports: ReadonlySet<string>;
  readonly entries: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
  readonly events: ReadonlySet<string>;
  readonly options: ReadonlySet<string>;
  readonly routes: readonly RegExp[];
  /** Every word, and every pair of words with a dot between, in the sources. */
  readonly words: ReadonlySet<string>;
}

interface Mention {
  readonly line: number;
  readonly rule: string;
  readonly detail: string;
}

const DOCUMENTS =
  /^((packages\/[^/]+|examples\/[^/]+)\/[A-Z]+|README|SECURITY|CONTRIBUTING|docs\/(?!reference\/).*)(\.md)?$/;
/** Names of other software that look like error codes. */
const FOREIGN: ReadonlySet<string> = new Set(["nodejs_compat", "statement_timeout", "ENOENT"]);
/** The groups of functions of `auth`, which documents name without `auth`. */
const GROUPS: ReadonlySet<string> = new Set(["sessions", "users", "keys"]);
const METHODS = "GET|HEAD|POST|DELETE|PUT|PATCH";

/** Finds what a document names and no package has. */
export function unknownMentions(repository: Repository, reference: Reference): readonly Violation[] {
  const known = knownOf(repository, reference);
  const documents = [...repository.files].filter(([path]) => path.endsWith(".md") && DOCUMENTS.test(path));
  return documents.flatMap(([path, text]) =>
    codeIn(text).flatMap((code) => unknownIn(code, text, known).map((mention) => ({ path, ...mention }))),
  );
}

function knownOf(repository: Repository, { parts }: Reference): Known {
  const names = parts.exports.names;
  const entries = new Set([...names].map((name) => name.split(" ", 1)[0] ?? ""));
  const options = [...parts.options.names].filter((name) => name.startsWith("AuthOptions "));
  return {
    exports: names,
    entries: new Set([...entries, ...packageNames(repository)]),
    codes: parts.errors.names,
    events: parts.events.names,
    options: new Set(options.map((name) => name.slice("AuthOptions ".length))),
    routes: [...parts.routes.names].map(patternOf),
    words: wordsOf(repository),
  };
}

function packageNames({ files }: Repository): readonly string[] {
  return [...files]
    .filter(([path]) => path.endsWith("package.json"))
    .map(([, text]) => /"name": "([^"]+)"/.exec(text)?.[1] ?? "");
}

function wordsOf({ files }: Repository): ReadonlySet<string> {
  const words = new Set<string>();
  for (const [path, text] of files) {
    if (!/^(packages|examples)\/.*\.(tsx?|js|html|json|toml)$/.test(path)) continue;
    for (const [pair] of text.matchAll(/[A-Za-z_$][\w$]*(?:\.[A-Za-z_$][\w$]*)?/g)) {
      words.add(pair);
      for (const word of pair.split(".")) words.add(word);
    }
  }
  return words;
}

/** A route as a pattern for a request to it. */
function patternOf(route: string): RegExp {
  const [method = "", path = ""] = route.split(" ");
  return new RegExp(`^${method === "GET" ? "(GET|HEAD)" : method} ${path.replaceAll(/:\w+/g, "[^/]+")}$`);
}

function unknownIn(code: Code, document: string, known: Known): readonly Mention[] {
  const rules = [unknownImports, unknownPackages, unknownCodes, unknownEvents, unknownRoutes, unknownOptions];
  return rules.flatMap((rule) =>
    rule(code, known, document).map(({ offset, detail }) => ({
      line: code.line + code.text.slice(0, offset).split("\n").length - 1,
      rule: "unknown-name",
      detail,
    })),
  );
}

interface Found {
  readonly offset: number;
  readonly detail: string;
}

type Rule = (code: Code, known: Known, document: string) => readonly Found[];

const unknownImports: Rule = ({ text }, { exports }) =>
  [...text.matchAll(/^(?:import|export) (?:type )?\{([^}]*)\} from "(@latchkey\/[^"]+)"/gm)].flatMap(
    (match) => {
      const [, names = "", entry = ""] = match;
      return names
        .split(",")
        .map((name) =>
          name
            .trim()
            .replace(/^type /, "")
            .replace(/ as .*$/, ""),
        )
        .filter((name) => name !== "" && !exports.has(`${entry} ${name}`))
        .map((name) => ({ offset: match.index, detail: `${entry} does not export ${name}` }));
    },
  );

const unknownPackages: Rule = ({ text }, { entries }) =>
  [...text.matchAll(/@latchkey\/[\w-]+(?:\/[\w-]+)?/g)]
    .filter(([name]) => !entries.has(name))
    .map(({ 0: name, index }) => ({ offset: index, detail: `there is no ${name}` }));

/** A word such as `not_found` is a code, or a name that the sources have, such as `refresh_token`. */
const unknownCodes: Rule = ({ text, language }, { codes, words }) => {
  const isKnown = (word: string): boolean => codes.has(word) || words.has(word) || FOREIGN.has(word);
  const compared = [...text.matchAll(/\bcode === "(\w+)"|[?&]error=([a-z]+_[a-z_]+)/g)]
    .map((match) => ({ offset: match.index, word: match[1] ?? match[2] ?? "" }))
    .filter(({ word }) => !codes.has(word) && !FOREIGN.has(word));
  const alone =
    language === null && /^[a-z]+(_[a-z]+)+$/.test(text) && !isKnown(text) ? [{ offset: 0, word: text }] : [];
  return [...compared, ...alone].map(({ offset, word }) => ({
    offset,
    detail: `there is no error code ${word}`,
  }));
};

/** `session.ended` is an event; `session.id` is a member that the sources name. */
const unknownEvents: Rule = ({ text, language }, { events, options, words }) => {
  if (language !== null || !/^[a-zA-Z_]+\.[a-zA-Z_]+$/.test(text)) return [];
  const [first = "", member = ""] = text.split(".");
  const isEvent = [...events].some((event) => event.startsWith(`${first}.`));
  if (!isEvent && !options.has(first)) return [];
  const isKnown = events.has(text) || options.has(text) || words.has(text);
  const isFunction = GROUPS.has(first) && words.has(member);
  return isKnown || isFunction ? [] : [{ offset: 0, detail: `there is no event, option or member ${text}` }];
};

const unknownRoutes: Rule = ({ text, language }, { routes, words }, document) => {
  if (language !== null) return [];
  const pattern = new RegExp(`\\b((?:${METHODS})(?:(?: or|,) (?:${METHODS}))*) (/[^\\s?#\`]+)`, "g");
  return [...text.matchAll(pattern)].flatMap((match) => {
    const [, methods = "", full = ""] = match;
    const path = full.replace(/^\/auth(?=\/)/, "");
    const isKnown = methods
      .split(/ or |, /)
      .every((method) => routes.some((route) => route.test(`${method} ${path}`)));
    // A route of an application stands as a text in its code.
    const isOfApp = document.includes(`"${full}"`) || words.has(full.slice(1));
    return isKnown || (isOfApp && path === full)
      ? []
      : [{ offset: match.index, detail: `there is no route ${match[0]}` }];
  });
};

/** The keys of the objects that `createAuth` gets. */
const unknownOptions: Rule = ({ text, language }, { options }) => {
  const isCode = language === null || /^tsx?$/.test(language);
  if (!isCode || !text.includes("createAuth({")) return [];
  const { program } = parseSync("code.ts", text.replaceAll("…", "undefined"));
  return optionKeys(program)
    .filter(({ path }) => !options.has(path) && !isInsideValue(path, options))
    .map(({ path, offset }) => ({ offset, detail: `createAuth has no option ${path}` }));
};

/** Whether a key belongs to a value, such as the rule of a limit, whose members are no options. */
function isInsideValue(path: string, options: ReadonlySet<string>): boolean {
  const parent = path.slice(0, path.lastIndexOf("."));
  const hasOptions = [...options].some((option) => option.startsWith(`${parent}.`));
  return path.includes(".") && !hasOptions && (options.has(parent) || isInsideValue(parent, options));
}
