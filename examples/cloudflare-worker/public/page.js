const at = (id) => document.getElementById(id);

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(`/auth${path}`, { method, headers, body: body && JSON.stringify(body) });
  const answer = response.status === 204 ? {} : await response.json();
  return { ok: response.ok, answer };
}

function tell(text) {
  at("status").textContent = text;
}

async function show() {
  const { ok, answer } = await call("GET", "/sessions");
  at("door").hidden = ok;
  at("home").hidden = !ok;
  if (ok) at("devices").replaceChildren(...answer.sessions.map(deviceItem));
}

function deviceItem({ id, current, device, refreshedAt }) {
  const item = document.createElement("li");
  const text = document.createElement("span");
  const seen = new Date(refreshedAt * 1000).toLocaleString();
  text.textContent = `${device.userAgent ?? "Unknown"}${current ? " (this one)" : ""}, ${seen}`;
  item.append(text);
  if (!current) {
    const button = document.createElement("button");
    button.textContent = "Sign out";
    button.addEventListener("click", () => act("DELETE", `/sessions/${id}`, "That device is signed out."));
    item.append(button);
  }
  return item;
}

async function act(method, path, done, body) {
  const { ok, answer } = await call(method, path, body);
  tell(ok ? done : answer.message);
  await show();
}

at("door").addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  void act("POST", `/${event.submitter.dataset.route}`, `Signed in as ${email}.`, { email, password });
});
at("refresh").addEventListener("click", () => act("POST", "/refresh", "The session is refreshed."));
at("sign-out").addEventListener("click", () => act("POST", "/logout", "Signed out."));
await show();
