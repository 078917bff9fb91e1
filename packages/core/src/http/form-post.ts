import type { App } from "../accounts/app.ts";
import { isRecord, own, parseJson } from "../platform/encoding.ts";
import { AuthError } from "../platform/errors.ts";
import { allowedTarget, requireTarget } from "./flow.ts";
import { acceptedForm, lead } from "./flow-end.ts";
import { type Body, readBody, readBytes, stringMember } from "./request.ts";
import { addError, answerError } from "./response.ts";
import type { Call, Handle } from "./route.ts";

/** The answer of a route to a form. */
export interface FormFacts {
  readonly status: number;
  /** The members of its body; null unless it is a JSON object. */
  readonly body: Body | null;
}

/** Where a form leads: to its target, back to its page with an error code, or where the answer of the route says. */
export type FormEnd =
  | { readonly kind: "answer" }
  | { readonly kind: "target" }
  | { readonly kind: "back"; readonly error: string };

/** Decides where a form leads. Tokens for a bearer client stay in the answer, because a redirect would lose them. */
export function decideFormEnd({ status, body }: FormFacts): FormEnd {
  if (body === null) return { kind: "answer" };
  const error = own(body, "error");
  if (status >= 400) return typeof error === "string" ? { kind: "back", error } : { kind: "answer" };
  const isAnswer = status >= 300 || Object.hasOwn(body, "access_token");
  return isAnswer ? { kind: "answer" } : { kind: "target" };
}

/**
 * Answers a form of a page without scripts: with a redirect to its field `redirect_to`, or back to the page of the form with
 * `?error=<code>`. A client that prefers JSON gets the answer of the route.
 */
export async function answerForm(app: App, call: Call, handle: Handle): Promise<Response> {
  const { request } = call;
  if (acceptedForm(request.headers.get("accept")) !== "page") return handle(app, call);
  let back = pageOfForm(app, call, null);
  try {
    const fields = await readFields(request);
    back = pageOfForm(app, call, fields);
    const target = requireTarget(app, call, fieldOf(fields, "redirect_to"), false);
    const response = await handle(app, { ...call, request: withFields(request, fields) });
    return await leadFrom(response, target, back);
  } catch (error) {
    return leadFrom(answerError(app, error), back, back);
  }
}

async function leadFrom(response: Response, target: URL, back: URL): Promise<Response> {
  const isJson = response.headers.get("content-type")?.startsWith("application/json") ?? false;
  const body = isJson ? parseJson(await response.clone().text()) : null;
  const end = decideFormEnd({ status: response.status, body: isRecord(body) ? body : null });
  if (end.kind === "answer") return response;
  return lead(response, end.kind === "target" ? target : addError(back, end.error));
}

// RFC 9700 4.11.1: the Referer and the field are texts of a client, and lead by the rules of `redirect_to` only.
function pageOfForm(app: App, call: Call, fields: Body | null): URL {
  const given = [...fieldOf(fields, "back_to"), call.request.headers.get("referer")];
  for (const page of given) {
    const url = page === null ? null : allowedTarget(app, call, page, false);
    if (url !== null) return url;
  }
  return new URL("/", call.site.origin);
}

function fieldOf(fields: Body | null, name: string): readonly string[] {
  const value = fields === null ? undefined : stringMember(fields, name);
  return value === undefined ? [] : [value];
}

async function readFields(request: Request): Promise<Body> {
  const isMultipart = request.headers.get("content-type")?.toLowerCase().startsWith("multipart/") ?? false;
  if (!isMultipart) return (await readBody(request, true)) ?? {};
  const bytes = await readBytes(request);
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  const data = await new Response(bytes.slice(), { headers }).formData().catch(() => null);
  const fields = data === null ? null : textsOf([...data]);
  if (fields === null)
    throw new AuthError("invalid_request", "The body is not a form of texts whose fields each occur once.");
  return fields;
}

function textsOf(entries: readonly (readonly [string, unknown])[]): Body | null {
  const fields: Record<string, string> = Object.create(null);
  for (const [name, value] of entries) {
    if (typeof value !== "string" || Object.hasOwn(fields, name)) return null;
    fields[name] = value;
  }
  return fields;
}

/** The request with its fields as a body that a route reads. */
function withFields(request: Request, fields: Body): Request {
  const headers = new Headers(request.headers);
  headers.set("content-type", "application/x-www-form-urlencoded");
  headers.delete("content-length");
  const texts = Object.entries(fields).map(([name, value]) => [name, String(value)]);
  return new Request(request.url, { method: request.method, headers, body: new URLSearchParams(texts) });
}
