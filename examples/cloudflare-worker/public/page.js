const at = (id) => document.getElementById(id);
const TIME = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "numeric",
  minute: "2-digit",
});

async function call(method, path, body) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) }).catch(
    () => null,
  );
  if (response === null) return { ok: false, answer: { message: "The server cannot be reached." } };
  const answer = await response.json().catch(() => ({ message: "The server failed. Try again." }));
  return { ok: response.ok, answer };
}

/** Shows the form, or the devices of the user. A visitor without a session gets no 401, which browsers write to the console. */
async function show() {
  const { ok, answer } = await call("GET", "/auth/session");
  if (!ok) return tell("", answer.message);
  const { user } = answer;
  const listed = user === null ? null : await call("GET", "/api/devices");
  if (listed !== null && !listed.ok) return tell("", listed.answer.message);
  at("door").hidden = user !== null;
  at("home").hidden = user === null;
  at("who").textContent = user?.email ?? "";
  at("devices").replaceChildren(...(listed?.answer.devices ?? []).map(deviceItem));
}

function deviceItem({ id, name, current, createdAt, refreshedAt }) {
  const times = element("span", "hint", "Signed in ", timeOf(createdAt), ", last seen ", timeOf(refreshedAt));
  times.id = `times-${id}`;
  const text = element("div", "", element("strong", "", name), times);
  if (current) return element("li", "", text, element("span", "badge", "This device"));
  const button = element("button", "quiet", "Sign out");
  button.setAttribute("aria-label", `Sign out ${name}`);
  button.setAttribute("aria-describedby", times.id);
  button.addEventListener("click", () => act("DELETE", `/auth/sessions/${id}`, `${name} is signed out.`));
  return element("li", "", text, button);
}

function timeOf(seconds) {
  const date = new Date(seconds * 1000);
  const time = element("time", "", TIME.format(date));
  time.dateTime = date.toISOString();
  return time;
}

/** Creates an element. Strings become text, never HTML. */
function element(name, className, ...children) {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function tell(done, fault) {
  at("status").textContent = done;
  at("fault").textContent = fault;
}

let isBusy = false;

async function act(method, path, done, body) {
  if (isBusy) return false;
  isBusy = true;
  const { ok, answer } = await call(method, path, body);
  await show();
  tell(ok ? done : "", ok ? "" : answer.message);
  // The button that had the focus may be gone.
  if (ok) at("status").focus();
  isBusy = false;
  return ok;
}

const signOut = (scope, done) => act("POST", "/auth/logout", done, { scope });

at("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const { email, password } = Object.fromEntries(new FormData(form));
  const route = event.submitter?.dataset.route ?? "login";
  // After an error the form keeps what was typed.
  if (await act("POST", `/auth/${route}`, `Signed in as ${email}.`, { email, password })) form.reset();
  else at("password").focus();
});
at("refresh").addEventListener("click", () => act("POST", "/auth/refresh", "The session is refreshed."));
at("sign-out").addEventListener("click", () => signOut("session", "You are signed out."));
at("sign-out-others").addEventListener("click", () => signOut("others", "All other devices are signed out."));
at("ask").addEventListener("click", () => {
  at("question").returnValue = "no";
  at("question").showModal();
});
at("question").addEventListener("close", () => {
  if (at("question").returnValue === "yes") void signOut("all", "You are signed out everywhere.");
});
await show();
