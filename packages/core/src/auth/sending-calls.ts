import type { App } from "../accounts/app.ts";
import { reuseNotice } from "../mail/notices.ts";
import { endsWithRequest } from "../platform/env.ts";

type Call = (...given: unknown[]) => Promise<unknown>;

/**
 * Makes the functions that the application calls, by `make`. If the runtime stops work with its request, as on Cloudflare Workers,
 * each call waits until its messages are sent, because it has no `waitUntil`.
 */
export function sendingCalls(app: App, make: (app: App) => object): object {
  if (app.mailFor === null || !endsWithRequest()) return make(app);
  const names = Object.keys(make(app));
  return Object.fromEntries(names.map((name) => [name, sendingCall(app, make, name)]));
}

function sendingCall(app: App, make: (app: App) => object, name: string): Call {
  return async (...given) => {
    const waited: Promise<unknown>[] = [];
    const scoped = withMessages(app, (work) => void waited.push(work));
    const call = Reflect.get(make(scoped), name) as Call;
    try {
      return await call(...given);
    } finally {
      await Promise.all(waited);
    }
  };
}

function withMessages(app: App, waitUntil: (work: Promise<unknown>) => void): App {
  if (app.mailFor === null) return app;
  const { engine, users, env } = app;
  const origin = app.siteOf(null)?.origin ?? "";
  const mail = app.mailFor({ origin, acceptLanguage: null, waitUntil, report: engine.report });
  return { ...app, mail, engine: { ...engine, onReuse: reuseNotice(mail, users, env) } };
}
