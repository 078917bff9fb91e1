/** Shows an event above the earlier ones. Equal events in a row are shown once, with their number. */
export function eventLine(list, event, ownId) {
  const { at: seconds, type } = event;
  const where = whereOf(event, ownId);
  const text = [type, ...factsOf(event)].join(" · ");
  const key = `${seconds} ${where} ${text}`;
  const newest = list.firstChild;
  if (newest?.dataset.key === key) {
    newest.dataset.times = String(Number(newest.dataset.times) + 1);
    newest.lastChild.textContent = `${text} (×${newest.dataset.times})`;
    return;
  }
  const isBad = /reuse|ended|failed/.test(type);
  const line = element("li", { "data-key": key, "data-times": "1" }, [
    element("time", {}, [timeOf(seconds)]),
    element("span", { class: "where" }, [where]),
    element("span", isBad ? { class: "bad" } : {}, [text]),
  ]);
  list.prepend(line);
}

function whereOf({ sessionId, by }, ownId) {
  if (sessionId === undefined) return "account";
  if (by === "thief") return "the thief";
  return sessionId === ownId ? "this device" : "another device";
}

function factsOf({ by, outcome, reason, provider, generation, presentedGeneration }) {
  return [
    provider,
    outcome?.replace("_", " "),
    reason && `reason: ${reason}`,
    presentedGeneration !== undefined && `token ${presentedGeneration} was presented`,
    by === "lost" && "answer lost",
    generation !== undefined && `newest token is ${generation}`,
  ].filter(Boolean);
}

/** Formats a time of the server, in seconds since 1970. */
export function timeOf(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour12: false });
}

/** Creates an element. Strings in `children` become text, never HTML. */
export function element(name, attributes, children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
