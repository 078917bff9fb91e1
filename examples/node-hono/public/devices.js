import { browserOf, element, timeOf } from "./lines.js";
import { send } from "./server.js";

/** Lists the user's devices, with a button that signs the device out, except for this one. */
export async function listDevices(list) {
  const { ok, data } = await send("/auth/sessions");
  if (!ok) return;
  const lines = data.sessions.map((session) => deviceLine(session, list));
  list.replaceChildren(...(lines.length > 0 ? lines : [element("li", {}, ["No device is signed in."])]));
}

function deviceLine({ id, current, device, createdAt }, list) {
  const name = browserOf(device.userAgent ?? "unknown client");
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
    await send(`/auth/sessions/${id}`, { method: "DELETE" });
    await listDevices(list);
    list.querySelector("button")?.focus();
  });
  return element("li", {}, [label, button]);
}
