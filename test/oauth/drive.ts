/** Where the provider sends the browser in the end. The visitor does not go there. */
export type Arrival =
  | { readonly method: "GET"; readonly url: string }
  | { readonly method: "POST"; readonly url: string; readonly body: URLSearchParams };

/** A browser at the provider, with cookies of its own: who signed in once is not asked again. */
export interface Visitor {
  /** Follows an authorization URL, types the login where it is asked for, and consents. */
  signIn(authorizationUrl: string, login: string): Promise<Arrival>;
  /** Follows an authorization URL and says no: at the login page, or as `login` at the consent page. */
  deny(authorizationUrl: string, login?: string): Promise<Arrival>;
}

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
}

interface Form {
  readonly action: string;
  readonly fields: URLSearchParams;
}

const STEPS = 20;

export function openVisitor(): Visitor {
  const jar = new Map<string, Cookie>();
  return {
    signIn: (url, login) => walk(jar, url, (form) => fill(form, login)),
    deny: async (url, login) => {
      const arrival = await walk(jar, url, (form) => refuse(form, login));
      if (!parametersOf(arrival).has("error")) throw new Error("the provider never asked");
      return arrival;
    },
  };
}

/** The parameters of the answer, wherever they travel. */
export function parametersOf(arrival: Arrival): URLSearchParams {
  return arrival.method === "GET" ? new URL(arrival.url).searchParams : arrival.body;
}

async function walk(
  jar: Map<string, Cookie>,
  start: string,
  answer: (form: Form) => URLSearchParams,
): Promise<Arrival> {
  const home = new URL(start).origin;
  let next: Arrival = { method: "GET", url: start };
  for (let step = 0; step < STEPS; step++) {
    if (new URL(next.url).origin !== home) return next;
    const response = await visit(jar, next);
    const location = response.headers.get("location");
    if (location !== null) {
      await response.body?.cancel();
      next = { method: "GET", url: new URL(location, next.url).href };
      continue;
    }
    const form = parseForm(await readPage(response), next.url);
    const isHome: boolean = new URL(form.action).origin === home;
    next = { method: "POST", url: form.action, body: isHome ? answer(form) : form.fields };
  }
  throw new Error("the provider asks without end: is this login one of its accounts?");
}

function fill({ fields }: Form, login: string): URLSearchParams {
  const filled = new URLSearchParams(fields);
  if (filled.has("login")) filled.set("login", login);
  return filled;
}

function refuse(form: Form, login: string | undefined): URLSearchParams {
  if (login !== undefined && form.fields.has("login")) return fill(form, login);
  return new URLSearchParams({ abort: "yes" });
}

async function visit(jar: Map<string, Cookie>, target: Arrival): Promise<Response> {
  const { pathname } = new URL(target.url);
  const cookies = [...jar.values()].filter(
    ({ path }) => pathname === path || pathname.startsWith(slashed(path)),
  );
  const response = await fetch(target.url, {
    method: target.method,
    headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") },
    redirect: "manual",
    ...(target.method === "POST" ? { body: target.body } : {}),
  });
  for (const line of response.headers.getSetCookie()) keep(jar, line);
  return response;
}

function slashed(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}

function keep(jar: Map<string, Cookie>, line: string): void {
  const [pair = "", ...attributes] = line.split(/; */);
  const at = pair.indexOf("=");
  const cookie = {
    name: pair.slice(0, at),
    value: pair.slice(at + 1),
    path: attributeOf(attributes, "path") ?? "/",
  };
  const expires = attributeOf(attributes, "expires");
  const key = `${cookie.name};${cookie.path}`;
  if (expires !== undefined && Date.parse(expires) <= Date.now()) jar.delete(key);
  else jar.set(key, cookie);
}

function attributeOf(attributes: readonly string[], name: string): string | undefined {
  const found = attributes.find((attribute) => attribute.toLowerCase().startsWith(`${name}=`));
  return found?.slice(name.length + 1);
}

async function readPage(response: Response): Promise<string> {
  const text = await response.text();
  if (text.includes("<form")) return text;
  throw new Error(`the provider answered ${response.status}: ${text.slice(0, 500)}`);
}

function parseForm(html: string, base: string): Form {
  const fields = new URLSearchParams();
  for (const [, attributes = ""] of html.matchAll(/<input([^>]*)>/g)) {
    const name = attribute(attributes, "name");
    if (name !== undefined) fields.append(name, attribute(attributes, "value") ?? "");
  }
  const action = attribute(/<form([^>]*)>/.exec(html)?.[1] ?? "", "action") ?? "";
  return { action: new URL(action, base).href, fields };
}

function attribute(attributes: string, name: string): string | undefined {
  const found = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1];
  return found?.replace(/&(#x?[0-9a-f]+|[a-z]+);/gi, (_, entity: string) => characterOf(entity));
}

function characterOf(entity: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  if (/^#x/i.test(entity)) return String.fromCodePoint(Number.parseInt(entity.slice(2), 16));
  if (entity.startsWith("#")) return String.fromCodePoint(Number(entity.slice(1)));
  return named[entity] ?? `&${entity};`;
}
