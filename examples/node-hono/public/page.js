import { narrate, say } from "./announcement.js";
import { listDevices } from "./devices.js";
import { openDoor } from "./door.js";
import { describe, leaseLeft, nextHolders, nobodyElse, unknownFamily } from "./family.js";
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
/** How long a refresh that failed waits for its next try, in milliseconds. */
const PATIENCE = 3_000;
/** What the codes of a refused refresh say of the family. */
const ENDS = { refresh_token_reused: "reuse", session_revoked: "revoked", session_expired: "expired" };
/** What the page knows. Times are of `performance.now()`: a wall clock may jump. */
const nobody = {
  session: null,
  expiresAt: 0,
  notBefore: 0,
  seen: 0,
  copies: [],
  skew: 0,
  held: null,
  family: unknownFamily,
  holders: nobodyElse,
  isBusy: false,
};
let state = nobody;
let isSilent = false;
let looking = Promise.resolve();

function learn({ expiresIn }) {
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
  state = { ...nobody, session };
  learn(answer);
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
  state = nobody;
  show("door");
  say(message);
  at("guest").focus();
}

/** The session is over, but what was learnt stays on the page. */
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

/** What a refused refresh tells. Its cookies are gone, so the events cannot tell it any more. */
function hearRefusal(scene, { status, data }) {
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
  // A look on its way could see one half of a race.
  await looking;
  const answer = await scenes.play(scene);
  // Whoever signed out meanwhile has another state.
  if (state.session !== session) return;
  learn(answer);
  if (!hearRefusal(scene, answer)) {
    await watch();
    const refusal = refusalOf(answer);
    if (refusal !== null) narrate({ text: refusal, isBad: true });
  }
  state = { ...state, isBusy: false };
  draw();
}

/** Brings the picture back to who is far below it, so that they see what a button does. */
function showStage() {
  const { top } = at("stage").getBoundingClientRect();
  if (top < -120) at("stage").scrollIntoView();
}

function playOnStage(scene) {
  showStage();
  return perform(scene);
}

function watch() {
  looking = looking.then(look, look);
  return looking;
}

async function look() {
  if (state.session === null) return;
  const { id } = state.session;
  const { status, data } = await send(`/demo/events?after=${state.seen}`);
  if (state.session?.id !== id) return;
  // Only a refresh can tell whether that is the end, and the refresh asks for the next look.
  if (status === 401) return void (state.family.ended === null && perform("refresh"));
  if (status !== 200) {
    isSilent = true;
    return say("The server does not answer; trying again. You stay signed in.", true);
  }
  // Another tab of this browser has signed in anew.
  if (data.sessionId !== id) return location.reload();
  if (isSilent) say("");
  isSilent = false;
  await take(data, id);
}

async function take({ events, family, held, copies, now }, id) {
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

/** Draws what changes by itself: the two countdowns, and what may be tried. */
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
  state = { ...state, notBefore: performance.now() + PATIENCE };
  await perform("refresh");
}

async function signOut(event) {
  const { scope } = event.currentTarget.dataset;
  const answer = await send("/auth/logout", { method: "POST", body: { scope } });
  if (!answer.ok) return say(faultOf(answer), true);
  if (scope === "others") return listDevices(at("devices"));
  leave("You are signed out.");
}

const picture = openPicture(at("family"));
const scenes = openScenes(playOnStage);
at("tour").textContent = `Play it all, in about ${durationOf(settings)}`;
const tour = openTour({ button: at("tour"), next: at("tour-next"), perform: playOnStage, viewNow });
openDoor(async (answer) => {
  await enter(answer);
  // Where the button is below the picture, the picture is what to see first.
  at("tour").focus({ preventScroll: true });
  showStage();
});

for (const place of document.querySelectorAll("[data-lease]"))
  place.textContent = `${settings.lease} seconds`;
at("auto-text").textContent = `Refresh by itself, ${settings.refreshBefore} s before the end`;
for (const button of document.querySelectorAll("[data-scope]")) button.addEventListener("click", signOut);
at("again").addEventListener("click", async () => {
  const { ok, data } = await send("/auth/session");
  // Another tab may have begun a session of its own meanwhile.
  if (ok && data.session.id !== state.session?.id) return location.reload();
  await send("/auth/logout", { method: "POST", body: { scope: "session" } });
  leave("");
});
at("visit").addEventListener("click", async () => {
  const answer = await send("/demo/visit");
  learn(answer);
  const how =
    answer.expiresIn === null ? "the access token was good enough" : "the server refreshed on the way";
  at("token-result").textContent = answer.ok ? `The page came: ${how}.` : "The page was refused.";
  await watch();
});
new ResizeObserver(draw).observe(at("family"));

const drawLink = settings.openId ? offerLink(at("link"), say) : null;
at("openid").hidden = !settings.openId;
const complaint = returnedWith(settings.sentences);
const found = await send("/auth/session");
if (found.ok) {
  await enter(found);
  // How long the access token of an earlier visit has left, only a new one tells.
  if (found.expiresIn === null) await perform("refresh");
} else {
  show("door");
}
if (complaint !== "") say(complaint, true);
setInterval(tick, 250);
setInterval(() => {
  if (!document.hidden && !state.isBusy && state.family.ended === null) watch();
}, 1_000);
