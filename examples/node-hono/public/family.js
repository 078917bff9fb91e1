/** What the events tell of one session's refresh tokens, by generation. */
export const unknownFamily = {
  root: null,
  child: null,
  issuedAt: null,
  newest: null,
  stolen: null,
  ended: null,
};

/** The family after one more event. */
export function nextFamily(family, event) {
  switch (event.type) {
    case "session.started":
      return { ...unknownFamily, root: 0, newest: 0 };
    case "session.refreshed":
      return refreshed(family, event);
    case "session.reuse_detected":
      return { ...family, stolen: event.presentedGeneration };
    case "session.ended":
      return { ...family, ended: event.reason };
    default:
      return family;
  }
}

function refreshed(family, { outcome, generation, at }) {
  if (outcome === "access_only") return { ...family, newest: generation };
  const issued = { ...family, child: generation, newest: generation, issuedAt: at };
  // A re-issue replaces a child that nobody presented: the root stays.
  return outcome === "reissued" ? issued : { ...issued, root: generation - 1 };
}

/** Seconds for which nobody gets another refresh token. */
export function leaseLeft(family, now, lease) {
  if (family.issuedAt === null || family.ended !== null) return 0;
  return Math.max(0, family.issuedAt + lease - now);
}

/** The family in one or two sentences. */
export function describe(family, left) {
  if (family.ended === "reuse") {
    return `A superseded token was presented: two parties hold this session, so it has ended. Nobody can refresh it again.`;
  }
  if (family.ended !== null) return `The session has ended (${family.ended}).`;
  if (family.root === null) return "Known from the next refresh on.";
  const root = `Token ${family.root} is the root: this browser has proved that it holds it.`;
  if (family.child === null) return `${root} Its first refresh needs no waiting.`;
  const child = `Token ${family.child} is the child: issued, and not presented yet.`;
  const lease =
    left > 0
      ? `For ${Math.ceil(left)} s more everybody gets an access token only.`
      : "The lease is over: the next refresh gets a new token.";
  return `${root} ${child} ${lease}`;
}

const SVG = "http://www.w3.org/2000/svg";
const SHOWN = 5;
const STEP = 120;
const RADIUS = 28;

/** Draws the newest tokens of a family, oldest left, with the lease as a ring that runs out around the child. */
export function drawFamily(svg, family, { left, lease }) {
  const first = Math.max(0, (family.newest ?? 0) - SHOWN + 1);
  const generations = family.newest === null ? [] : range(first, family.newest);
  const width = Math.max(3, generations.length) * STEP;
  const start = (width - (generations.length - 1) * STEP) / 2;
  const places = generations.map((generation, index) => ({ generation, x: start + index * STEP }));
  svg.setAttribute("viewBox", `0 0 ${width} 150`);
  svg.replaceChildren(
    ...places.slice(1).map(({ x }) => part("line", { x1: x - STEP, x2: x, y1: 62, y2: 62 })),
    ...places.map((place) => token(family, place, left / lease)),
  );
}

function token(family, { generation, x }, share) {
  const role = generation === family.root ? "root" : generation === family.child ? "child" : "old";
  const isStolen = generation === family.stolen;
  const group = part("g", { class: isStolen ? `${role} stolen` : role });
  const name = isStolen ? "replayed" : role === "old" ? "superseded" : role;
  group.append(
    part("circle", { cx: x, cy: 62, r: RADIUS }),
    part("text", { x, y: 63, class: "number" }, generation),
    part("text", { x, y: 122, class: "name" }, name),
  );
  if (role === "child" && share > 0) group.append(ring(x, share));
  return group;
}

function ring(x, share) {
  const radius = RADIUS + 9;
  const around = 2 * Math.PI * radius;
  return part("circle", {
    class: "lease",
    cx: x,
    cy: 62,
    r: radius,
    "stroke-dasharray": `${around * share} ${around}`,
    transform: `rotate(-90 ${x} 62)`,
  });
}

function part(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = String(text);
  return element;
}

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
