import { callRoute } from "@latchkey/next";
import { refusalOf } from "./refusals.ts";

/** What a form shows after its action. */
export interface Outcome {
  /** Null unless the action failed. */
  readonly fault: string | null;
  /** Null unless the action succeeded. */
  readonly done: string | null;
  /** What the user entered last, and may correct. */
  readonly email: string;
}

type Route = Parameters<typeof callRoute>[0];

/** Sends the fields of a form to a route. An empty field is left out. */
export async function post(route: Route, form: FormData): Promise<Response> {
  // Next adds fields of its own.
  const fields = [...form].filter(([name, value]) => !name.startsWith("$") && value !== "");
  return callRoute(route, Object.fromEntries(fields));
}

/** The outcome of an answer. A sentence in `refusals` replaces the one of its error code. */
export async function outcomeOf(
  answer: Response,
  form: FormData,
  done: string,
  refusals: Readonly<Record<string, string>> = {},
): Promise<Outcome> {
  const email = String(form.get("email") ?? "");
  if (answer.ok) return { fault: null, done, email: "" };
  const { error } = await answer.json();
  return { fault: refusals[error] ?? refusalOf(error), done: null, email };
}

/** The error code of an answer; null if it succeeded. The answer can still be read. */
export async function codeOf(answer: Response): Promise<string | null> {
  return answer.ok ? null : String((await answer.clone().json()).error);
}
