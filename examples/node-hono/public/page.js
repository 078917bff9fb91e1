import { narrate, say } from "./announcement.js";
import { listDevices, tellDevices } from "./devices.js";
import { openDoor } from "./door.js";
import { describe, leaseLeft, nextHolders, noHolders, unknownFamily } from "./family.js";
import { eventLine } from "./lines.js";
import { offerLink, returnedWith, wayOf } from "./openid.js";
import { openPicture } from "./picture.js";
import { isRefresh, openScenes, refusalOf } from "./scenes.js";
import { faultOf, send } from "./server.js";
import { labelsOf, tell, tellLast } from "./story.js";
import { durationOf, openTour } from "./tour.js";

const at = (id) => document.getElementById(id);
const settings = (await send("/demo/settings")).data;

const MOST_EVENTS = 40;
/** How long to wait before the next attempt after a refresh that failed, in milliseconds. */
const RETRY_PAUSE = 3_000;
/** Why the family has ended, by the error code of a refresh. */
const ENDS = { refresh_token_reused: "reuse", session_revoked: "revoked", session_expired: "expired" };
/** The state of the page without a session. Times are of `performance.now()`, because the system time may change. */
const signedOut = {
  session: null,
  expiresAt: 0,
  notBefore: 0,
  seen: 0,
  copies: [],
  skew: 0,
  held: null,
  family: unknownFamily,
  holders: noHolders,
  isBusy: false,
};
let state = signedOut;
let isSilent = false;
let loading = Promise.resolve();

function keepExpiry({ expiresIn }) {
  if (expiresIn !== null) state = { ...state, expiresAt: performance.now() + expiresIn * 1_000 };
}

function viewNow() {
  if (state.session === null) return null;
  const left = leaseLeft(state.family, state.skew + performance.now() / 1_000, settings.lease);
  return { ...state, left, lease: settings.lease };
}

function show(view) {
  at("main").dataset.view = view;
  at("door").hidden = view !== "door";
  at("home").hidden = view !== "home";
}

async function enter(answer) {
  const { user, session } = answer.data;
  state = { ...signedOut, session };
  keepExpiry(answer);
  show("home");
  at("who-email").textContent = user.email;
  at("who-user").textContent = user.id;
  at("who-session").textContent = session.id;
  at("who-way").textContent = wayOf(session);
  at("events").replaceChildren();
  for (const button of at("home").querySelectorAll("button")) button.disabled = false;
  at("again").hidden = true;
  at("token-result").textContent = "";
  say("");
  await drawLink?.();
  await watch();
}

function leave(message) {
  tour.stop();
  state = signedOut;
  show("door");
  say(message);
  at("guest").focus();
}

/** Shows that the session has ended. The picture and the events stay on the page. */
function finish(reason) {
  if (state.session === null || !at("again").hidden) return;
  if (state.family.ended === null) state = { ...state, family: { ...state.family, ended: reason } };
  tour.stop();
  for (const button of at("home").querySelectorAll("button")) button.disabled = true;
  at("again").hidden = false;
  at("again").disabled = false;
  at("again").focus({ preventScroll: true });
  draw();
}

/** Handles a 401 to a refresh. The cookies are deleted, so the events cannot be loaded any more. */
function handleRefusal(scene, { status, data }) {
  if (status !== 401 || !isRefresh(scene)) return false;
  const reason = ENDS[data?.error] ?? "signed out";
  const { id } = state.session;
  const alarm = { type: "session.reuse_detected", by: "browser", presentedGeneration: state.held };
  const ended = { type: "session.ended", reason };
  const entries = [reason === "reuse" ? { ...alarm, presented: state.held } : ended];
  narrate(tell(entries));
  picture.mark(labelsOf(entries));
  for (const entry of entries)
    eventLine(at("events"), { at: Date.now() / 1_000, sessionId: id, ...entry }, id);
  finish(reason);
  return true;
}

async function perform(scene) {
  if (state.session === null || state.isBusy) return;
  const { session } = state;
  state = { ...state, isBusy: true };
  // A load at the same time could show only one half of a race.
  await loading;
  const answer = await scenes.play(scene);
  // The user may have signed out during the request.
  if (state.session !== session) return;
  keepExpiry(answer);
  if (!handleRefusal(scene, answer)) {
    await watch();
    const refusal = refusalOf(answer);
    if (refusal !== null) narrate({ text: refusal, isBad: true });
  }
  state = { ...state, isBusy: false };
  draw();
}

/** Scrolls to the picture if it is out of sight, so that the user sees the effect of a button. */
function showStage() {
  const { top } = at("stage").getBoundingClientRect();
  if (top < -120) at("stage").scrollIntoView();
}

function playOnStage(scene) {
  showStage();
  return perform(scene);
}

function watch() {
  loading = loading.then(load, load);
  return loading;
}

async function load() {
  if (state.session === null) return;
  const { id } = state.session;
  const { status, data } = await send(`/demo/events?after=${state.seen}`);
  if (state.session?.id !== id) return;
  // A refresh finds out whether the session has ended, and then loads the events again.
  if (status === 401) return void (state.family.ended === null && perform("refresh"));
  if (status !== 200) {
    isSilent = true;
    return say("The server does not answer. The page tries again, and you stay signed in.", true);
  }
  // Another tab of this browser has signed in.
  if (data.sessionId !== id) return location.reload();
  if (isSilent) say("");
  isSilent = false;
  await showEvents(data, id);
}

async function showEvents({ events, family, held, copies, now }, id) {
  const own = events.filter(({ sessionId }) => sessionId === id);
  const isFirst = state.seen === 0;
  state = {
    ...state,
    copies,
    held,
    family: family ?? state.family,
    holders: own.reduce(nextHolders, state.holders),
    skew: now - performance.now() / 1_000,
    seen: events.at(-1)?.n ?? state.seen,
  };
  draw();
  for (const event of events) eventLine(at("events"), event, id);
  while (at("events").children.length > MOST_EVENTS) at("events").lastChild.remove();
  const told = isFirst ? tellLast(own) : tell(own);
  if (told !== null) narrate(told);
  if (!isFirst) picture.mark(labelsOf(own));
  if (events.some(({ type }) => /started|ended|device/.test(type))) await listDevices(at("devices"));
  if (state.family.ended !== null) finish(state.family.ended);
}

/** Draws what changes with time: the two countdowns, and which buttons work. */
function draw() {
  const view = viewNow();
  if (view === null) return;
  const left = secondsLeft();
  at("left").textContent = String(Math.ceil(left));
  at("left-bar").value = left / settings.lifetime;
  picture.draw(view);
  const caption = describe(view);
  if (at("family-caption").textContent !== caption) at("family-caption").textContent = caption;
  scenes.offer({ ...view, isTouring: tour.isRunning() });
}

function secondsLeft() {
  return Math.max(0, (state.expiresAt - performance.now()) / 1_000);
}

async function tick() {
  draw();
  const { session, family, isBusy, notBefore } = state;
  if (session === null || family.ended !== null || isBusy || tour.isRunning()) return;
  if (!at("auto").checked || secondsLeft() > settings.refreshBefore) return;
  if (performance.now() < notBefore) return;
  state = { ...state, notBefore: performance.now() + RETRY_PAUSE };
  await perform("refresh");
}

async function signOut(event) {
  const { scope } = event.currentTarget.dataset;
  const answer = await send("/auth/logout", { method: "POST", body: { scope } });
  if (!answer.ok) return say(faultOf(answer), true);
  if (scope === "others") {
    await listDevices(at("devices"));
    return tellDevices("All other devices are signed out.");
  }
  leave("You are signed out.");
}

const picture = openPicture(at("family"));
const scenes = openScenes(playOnStage);
at("tour").textContent = `Play all scenes, in about ${durationOf(settings)}`;
const tour = openTour({ button: at("tour"), next: at("tour-next"), perform: playOnStage, viewNow });
openDoor(async (answer) => {
  await enter(answer);
  // If the button is below the picture, the picture must be visible first.
  at("tour").focus({ preventScroll: true });
  showStage();
});

for (const place of document.querySelectorAll("[data-lease]"))
  place.textContent = `${settings.lease} seconds`;
at("auto-text").textContent = `Refresh automatically, ${settings.refreshBefore} s before it expires`;
for (const button of document.querySelectorAll("[data-scope]")) button.addEventListener("click", signOut);
at("again").addEventListener("click", async () => {
  const { ok, data } = await send("/auth/session");
  // Another tab may have signed in since.
  if (ok && data.session !== null && data.session.id !== state.session?.id) return location.reload();
  await send("/auth/logout", { method: "POST", body: { scope: "session" } });
  leave("");
  // A new session, and not the form once more.
  at("guest").click();
});
at("visit").addEventListener("click", async () => {
  const answer = await send("/demo/visit");
  keepExpiry(answer);
  const how = answer.expiresIn === null ? "the access token was valid" : "the server refreshed the session";
  at("token-result").textContent = answer.ok ? `The page was loaded: ${how}.` : "The page was refused.";
  await watch();
});
new ResizeObserver(draw).observe(at("family"));

const drawLink = settings.openId ? offerLink(at("link"), say) : null;
at("openid").hidden = !settings.openId;
const signInError = returnedWith(settings.sentences);
const found = await send("/auth/session");
if (found.ok && found.data.session !== null) {
  await enter(found);
  // The lifetime that is left of an earlier access token is not known, so get a new one.
  if (found.expiresIn === null) await perform("refresh");
} else {
  show("door");
}
if (signInError !== "") say(signInError, true);
setInterval(tick, 250);
setInterval(() => {
  if (!document.hidden && !state.isBusy && state.family.ended === null) watch();
}, 1_000);
