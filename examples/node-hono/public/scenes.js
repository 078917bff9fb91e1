import { fateOf, placeOf } from "./family.js";
import { faultOf, send } from "./server.js";

const refresh = () => send("/auth/refresh", { method: "POST" });
const replay = (which) => send("/demo/replay", { method: "POST", body: { which } });

/** What each button does. The server answers these requests as it answers those of any client. */
const SCENES = {
  refresh: { play: refresh, hint: (view) => OWN[fateOfHeld(view)] },
  race: { play: () => together(2), hint: raceHint },
  parallel: { play: () => together(20), hint: () => "As retries and server rendering do." },
  lose: {
    play: () => send("/demo/lose", { method: "POST" }),
    hint: () => "The server answers, but the answer never arrives. Then refresh again.",
  },
  previous: { play: () => replay("previous"), hint: (view) => theftHint(view, 1) },
  "two-ago": { play: () => replay("two-ago"), hint: (view) => theftHint(view, 2) },
};

const OWN = {
  first: "Now: the first child, and its lease begins.",
  access: "Now: an access token only, while the lease runs.",
  promotion: "Now: the child becomes the root, and a new child comes.",
  reissue: "Now: the root comes again, and gets a new child instead of the lost one.",
  alarm: "Now: your token has retired, so it raises the alarm.",
};

const STOLEN = {
  access: "Now: the thief gets an access token only.",
  reissue: "Now: the thief gets a child, and your next refresh raises the alarm.",
  alarm: "Now: proof of theft. The family ends.",
};

async function together(count) {
  const answers = await Promise.all(Array.from({ length: count }, refresh));
  return answers.find(({ ok }) => !ok) ?? answers[0];
}

function fateOfHeld({ family, held, left }) {
  return held === null ? "first" : fateOf(family, placeOf(family, held), left);
}

function raceHint(view) {
  const fate = fateOfHeld(view);
  if (fate === "access") return "Now: an access token only for both, while the lease runs.";
  return fate === "alarm" ? OWN.alarm : "Now: one gets the child, the other an access token only.";
}

function theftHint({ family, copies, left }, back) {
  const stolen = copies.at(-1 - back);
  if (stolen === undefined) {
    const missing = back + 1 - copies.length;
    return `After ${missing} more refresh${missing === 1 ? "" : "es"} with a new token.`;
  }
  return `It is token ${stolen}. ${STOLEN[fateOf(family, placeOf(family, stolen), left)] ?? ""}`;
}

/** Connects the buttons. `perform` runs a scene and shows its result. */
export function openScenes(perform) {
  const buttons = Object.keys(SCENES).map((id) => document.getElementById(id));
  for (const button of buttons) button.addEventListener("click", () => perform(button.id));
  return {
    /** Shows for each scene what it would do now, and disables it if it cannot run. */
    offer: (view) => {
      for (const button of buttons) {
        const text = view.family.ended === null ? SCENES[button.id].hint(view) : "The session has ended.";
        const hint = document.getElementById(`${button.id}-hint`);
        if (hint.textContent !== text) hint.textContent = text;
        const isOff = !isPlayable(button.id, view);
        if (button.disabled !== isOff) button.disabled = isOff;
      }
    },
    play: (id) => SCENES[id].play(),
  };
}

/** Whether a scene can run now. */
export function isPlayable(id, { family, copies, isTouring }) {
  const needed = { previous: 2, "two-ago": 3 }[id] ?? 0;
  return !isTouring && family.ended === null && copies.length >= needed;
}

/** Whether a scene is a refresh by this browser. */
export function isRefresh(id) {
  return ["refresh", "race", "parallel"].includes(id);
}

/** The message for a refused request that causes no event; null if it was not refused. */
export function refusalOf(answer) {
  if (answer.ok) return null;
  return answer.data?.error === undefined ? faultOf(answer) : `${faultOf(answer)} (${answer.data.error})`;
}
