import { element, timeOf } from "./lines.js";
import { faultOf, send } from "./server.js";

/** Says below the list what happened to devices, and moves the focus there. */
export function tellDevices(text) {
  const said = document.getElementById("devices-said");
  said.textContent = text;
  said.focus();
}

/** Lists the user's devices, with a button that signs the device out, except for this one. */
export async function listDevices(list) {
  const { ok, data } = await send("/demo/devices");
  if (!ok) return;
  const lines = data.sessions.map((session) => deviceLine(session, list));
  list.replaceChildren(...(lines.length > 0 ? lines : [element("li", {}, ["No device is signed in."])]));
}

function deviceLine({ id, current, name, createdAt }, list) {
  const since = `signed in at ${timeOf(createdAt)}`;
  const label = element("div", {}, [
    current ? `${name} (this device)` : name,
    element("small", {}, [`${since} · ${id.slice(-6)}`]),
  ]);
  if (current) return element("li", {}, [label]);
  const attributes = { type: "button", "aria-label": `Sign out ${name}, ${since}` };
  const button = element("button", attributes, ["Sign out"]);
  button.addEventListener("click", async () => {
    button.disabled = true;
    const answer = await send(`/auth/sessions/${id}`, { method: "DELETE" });
    const isGone = answer.ok || answer.status === 404;
    await listDevices(list);
    // The button that had the focus was removed.
    tellDevices(isGone ? `${name} is signed out.` : faultOf(answer));
  });
  return element("li", {}, [label, button]);
}
