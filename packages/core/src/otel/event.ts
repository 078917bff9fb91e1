import type { Attributes } from "@opentelemetry/api";
import type { AuthEvent } from "../sessions/events.ts";

/** The attributes of an event. It passes on words of fixed lists, and no id, address, text of a provider or key. */
export function attributesOf(event: AuthEvent): Attributes {
  return { "latchkey.event.type": event.type, ...detailOf(event) };
}

function detailOf(event: AuthEvent): Attributes {
  switch (event.type) {
    case "session.refreshed":
      return { "latchkey.refresh.outcome": event.outcome };
    case "session.ended":
      return { "latchkey.session.end_reason": event.reason };
    case "throttle.refused":
      return { "latchkey.throttle.rule": event.rule };
    case "sign_in.failed":
    case "oauth.failed":
      return { "error.type": event.code };
    case "store.failed":
      return { "db.operation.name": event.operation, "error.type": event.error };
    default:
      return {};
  }
}
