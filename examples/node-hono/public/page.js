import { describe, drawFamily, leaseLeft, nextFamily, unknownFamily } from "./family.js";
import { browserOf, element, eventLine, timeOf } from "./lines.js";
import { offerLink, returnedWith, wayOf } from "./openid.js";

const at = (id) => document.getElementById(id);
const settings = (await send("/demo/settings")).data;

const MOST_EVENTS = 40;
/** What the page knows. Times are of `performance.now()`: a wall clock may jump. */
const nobody = {
  user: null,
  session: null,
  expiresAt: 0,
  seen: 0,
  copies: 0,
  skew: 0,
  family: unknownFamily,
};
let state = nobody;
let isRefreshing = false;
let isSilent = false;

/** Sends a request; the server says in a header when it set new cookies, which no script can read. */
async function send(path, { method = "GET", body } = {}) {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const init = { method, headers, cache: "no-store", body: body === undefined ? null : JSON.stringify(body) };
  const response = await fetch(path, init).catch(() => null);
  if (response === null) return { ok: false, status: 0, data: null, isNew: false, expiresIn: null };
  const data = await response.json().catch(() => null);
  const isNew = response.headers.has("demo-refresh-token");
  const expiresIn = data?.expires_in ?? response.headers.get("demo-expires-in");
  if (expiresIn !== null) state = { ...state, expiresAt: performance.now() + Number(expiresIn) * 1000 };
  return { ok: response.ok, status: response.status, data, isNew, expiresIn };
}

function say(text, isBad = false) {
  const status = at("status");
  status.textContent = text;
  status.hidden = text === "";
  status.classList.toggle("bad", isBad);
}

function result(id, text, isBad = false) {
  at(id).textContent = text;
  at(id).classList.toggle("bad", isBad);
}

function enter({ user, session }) {
  const { expiresAt } = state;
  state = { ...nobody, user, session, expiresAt };
  at("door").hidden = true;
  at("home").hidden = false;
  at("who-email").textContent = user.email;
  at("who-user").textContent = user.id;
  at("who-session").textContent = session.id;
  at("who-way").textContent = wayOf(session);
  at("events").replaceChildren();
  for (const button of at("home").querySelectorAll("button")) button.disabled = false;
  result("try-result", "");
  say("");
}

/** Shows the door, and says why. What was learnt stays on the page where nobody asked for the end. */
function leave(message, code) {
  if (code === "refresh_token_reused") state = { ...state, family: { ...state.family, ended: "reuse" } };
  draw();
  state = nobody;
  at("home").hidden = code === undefined;
  for (const button of at("home").querySelectorAll("button")) button.disabled = true;
  at("door").hidden = false;
  say(code === undefined ? message : `${message} (${code})`, code !== undefined);
  at("email").focus();
}

async function refresh() {
  if (isRefreshing || state.session === null) return null;
  isRefreshing = true;
  const answer = await send("/auth/refresh", { method: "POST" });
  isRefreshing = false;
  if (answer.status === 401) leave(answer.data?.message, answer.data?.error);
  return answer;
}

async function watch() {
  if (state.session === null || document.hidden) return;
  const { id } = state.session;
  const { status, data } = await send(`/demo/events?after=${state.seen}`);
  if (state.session?.id !== id) return;
  if (status === 401) return leave(data?.message, data?.error);
  if (status !== 200) {
    isSilent = true;
    return say("The server does not answer; trying again. You stay signed in.", true);
  }
  if (isSilent) say("");
  isSilent = false;
  const { events, copies, now } = data;
  state = { ...state, copies, skew: now - performance.now() / 1000, seen: events.at(-1)?.n ?? state.seen };
  for (const event of events) {
    if (event.sessionId === id) state = { ...state, family: nextFamily(state.family, event) };
    eventLine(at("events"), event, id);
  }
  while (at("events").children.length > MOST_EVENTS) at("events").lastChild.remove();
  if (events.some(({ type }) => /started|ended|device/.test(type))) await listDevices();
}

async function listDevices() {
  const { ok, data } = await send("/auth/sessions");
  if (ok) at("devices").replaceChildren(...data.sessions.map(deviceLine));
}

function deviceLine({ id, current, device, createdAt }) {
  const name = browserOf(device.userAgent ?? "unknown client");
  const since = `signed in at ${timeOf(createdAt)}`;
  const label = element("div", {}, [
    current ? `${name} (this device)` : name,
    element("small", {}, [`${since} · ${id.slice(-6)}`]),
  ]);
  if (current) return element("li", {}, [label]);
  const button = element("button", { type: "button", "aria-label": `Sign out ${name}, ${since}` }, [
    "Sign out",
  ]);
  button.addEventListener("click", async () => {
    button.disabled = true;
    await send(`/auth/sessions/${id}`, { method: "DELETE" });
    await listDevices();
  });
  return element("li", {}, [label, button]);
}

/** Draws what changes by itself: the two countdowns, and what may be tried. */
function draw() {
  if (state.session === null) return;
  const { lifetime, lease } = settings;
  const left = secondsLeft();
  at("left").textContent = String(Math.ceil(left));
  at("left-bar").value = left / lifetime;
  const leased = leaseLeft(state.family, state.skew + performance.now() / 1000, lease);
  drawFamily(at("family"), state.family, { left: leased, lease });
  const caption = describe(state.family, leased);
  if (at("family-caption").textContent !== caption) at("family-caption").textContent = caption;
  const during = leased > 0 ? `Lease: ${Math.ceil(leased)} s left` : "The lease is over";
  offer(
    "previous",
    2,
    `${during}. ${leased > 0 ? "Now it gets an access token only." : "Now it gets a token, and your next refresh raises the alarm."}`,
  );
  offer("two-ago", 3, "Proof of theft at any time: the session ends.");
}

function secondsLeft() {
  return Math.max(0, (state.expiresAt - performance.now()) / 1000);
}

function tick() {
  draw();
  if (at("auto").checked && secondsLeft() <= settings.refreshBefore) refresh();
}

function offer(id, needed, text) {
  const missing = needed - state.copies;
  at(id).disabled = missing > 0 || state.family.ended !== null;
  const wait = `After ${missing} more rotation${missing === 1 ? "" : "s"}.`;
  const hint = state.family.ended !== null ? "The session has ended." : missing > 0 ? wait : text;
  if (at(`${id}-hint`).textContent !== hint) at(`${id}-hint`).textContent = hint;
}

async function refreshInParallel() {
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => send("/auth/refresh", { method: "POST" })),
  );
  const rotations = answers.filter(({ isNew }) => isNew).length;
  const accessOnly = answers.filter(({ ok, isNew }) => ok && !isNew).length;
  const refused = answers.length - rotations - accessOnly;
  const end = refused === 0 ? "Nobody is signed out." : "";
  const why = rotations === 0 ? " The lease still runs, so there is no rotation to win." : "";
  const counts = `${rotations} rotation${rotations === 1 ? "" : "s"}, ${accessOnly} answers with an access token only, ${refused} refused.`;
  result("try-result", `${counts} ${end}${why}`, refused > 0);
}

const replayed = {
  access_token_only: "The thief got an access token only. No refresh token, no fork of the family.",
  refresh_token:
    "The thief got a new refresh token: the server takes it for a client that lost an answer. Your own next refresh tells the two apart, and ends the session.",
};

async function replay(event) {
  const { which } = event.currentTarget.dataset;
  const { ok, data } = await send("/demo/replay", { method: "POST", body: { which } });
  if (!ok) return result("try-result", data?.message ?? "The server does not answer.", true);
  const refused = `The thief was refused: ${data.error}. The session has ended, for both; your access token works until it runs out.`;
  result("try-result", replayed[data.outcome] ?? refused, data.outcome !== "access_token_only");
  await watch();
}

async function signIn(event) {
  event.preventDefault();
  const route = event.submitter?.dataset.route ?? "login";
  const body = Object.fromEntries(new FormData(event.target));
  const { ok, data } = await send(`/auth/${route}`, { method: "POST", body });
  at("form-error").hidden = ok;
  if (!ok) {
    at("form-error").textContent = data?.message ?? "The server does not answer.";
    return;
  }
  event.target.reset();
  enter(data);
  at("refresh").focus();
  await drawLink?.();
  await watch();
}

async function signOut(event) {
  const { scope } = event.currentTarget.dataset;
  const { ok, data } = await send("/auth/logout", { method: "POST", body: { scope } });
  if (!ok) return say(data?.message ?? "The server does not answer.", true);
  if (scope === "others") return listDevices();
  leave("You are signed out.");
}

at("auto-text").textContent = `Refresh by itself, ${settings.refreshBefore} s before the end`;
at("sign-in").addEventListener("submit", signIn);
at("parallel").addEventListener("click", refreshInParallel);
for (const id of ["previous", "two-ago"]) at(id).addEventListener("click", replay);
for (const button of document.querySelectorAll("[data-scope]")) button.addEventListener("click", signOut);
at("refresh").addEventListener("click", async () => {
  const answer = await refresh();
  if (answer?.ok)
    result(
      "token-result",
      answer.isNew ? "A new refresh token came along." : "Access token only: the lease runs.",
    );
});
at("visit").addEventListener("click", async () => {
  const { ok, expiresIn } = await send("/demo/visit");
  const how = expiresIn === null ? "the access token was good enough" : "the server refreshed on the way";
  result("token-result", ok ? `The page came: ${how}.` : "The page was refused.");
});

const drawLink = settings.openId ? offerLink(at("link"), { send, say }) : null;
at("openid").hidden = !settings.openId;
const complaint = returnedWith(settings.sentences);
const found = await send("/auth/session");
if (found.ok) {
  enter(found.data);
  await drawLink?.();
  // How long the access token of an earlier visit has left, only a new one tells.
  if (found.expiresIn === null) await refresh();
  await watch();
} else leave("");
if (complaint !== "") say(complaint, true);
setInterval(tick, 250);
setInterval(watch, 1_000);
