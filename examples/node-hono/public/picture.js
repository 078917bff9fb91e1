import { fateOf, retiredOf } from "./family.js";
import { BOW, keyShape, part } from "./key-shape.js";
import { layoutOf, seatCount, seatsOf } from "./picture-layout.js";

const PLACES = { retired: "Retired", root: "Root", child: "Child" };
const FATES = {
  access: "access token only",
  first: "its first child",
  promotion: "becomes the root",
  reissue: "another child",
  alarm: "alarm: session ends",
  refused: "refused",
};
const RING = BOW + 10;

/** Creates the picture of a family: three places, and keys that move between them. */
export function openPicture(svg) {
  const places = Object.fromEntries(Object.entries(PLACES).map(([name, title]) => [name, box(name, title)]));
  const lease = part("g", { class: "lease" });
  lease.append(
    part("circle", { class: "track", r: RING }),
    part("circle", { class: "run", r: RING, pathLength: 100, transform: "rotate(-90)" }),
  );
  const stamp = part("g", { class: "stamp" });
  stamp.append(
    part("rect", { x: -74, y: -24, width: 148, height: 48, rx: 6 }),
    part("text", { y: 1 }, "ENDED"),
  );
  const [keys, chips] = [part("g"), part("g")];
  svg.append(...Object.values(places), lease, keys, chips, stamp);
  const shown = { keys: new Map(), chips: new Map() };

  const draw = (view) => {
    const layout = layoutOf(svg.clientWidth || 640);
    change(svg, "viewBox", `0 0 ${layout.width} ${layout.height}`);
    change(svg, "data-narrow", String(layout.isNarrow));
    change(svg, "data-ended", String(view.family.ended !== null));
    const retired = retiredOf(view.family);
    for (const name of Object.keys(PLACES)) drawBox(places[name], name, { ...view, retired }, layout[name]);
    const seats = seatsOf({ family: view.family, retired }, layout);
    drawLease(lease, view, seats);
    drawKeys(keys, shown.keys, seats);
    drawChips(chips, shown.chips, chipsOf(view, seats));
    const middle = (layout.root.x + layout.child.x + layout.child.w) / 2;
    stamp.style.transform = `translate(${middle}px, 184px) rotate(-9deg)`;
  };
  return { draw, mark: (labels) => mark(shown.keys, labels) };
}

function box(name, title) {
  const group = part("g", { class: `place ${name}` });
  const lines = ["title", "sub", "ask", "fate"].map((line) => part("text", { class: line }));
  group.append(part("rect", { rx: 14 }), ...lines);
  lines[0].textContent = title;
  lines[2].textContent = "if presented now";
  return group;
}

function drawBox(group, name, { family, retired, left }, { x, y, w, h }) {
  const [rect, title, sub, ask, fate] = group.children;
  for (const [key, value] of Object.entries({ x: x + 1, y: y + 1, width: w - 2, height: h - 2 })) {
    change(rect, key, String(value));
  }
  for (const [text, top] of [
    [title, 32],
    [sub, 54],
    [ask, h - 40],
    [fate, h - 19],
  ]) {
    change(text, "x", String(x + w / 2));
    change(text, "y", String(y + top));
  }
  const isEmpty = name === "retired" ? retired.length === 0 : family[name] === null;
  const fateNow = fateOf(family, name, left);
  write(sub, subOf(name, { isEmpty, left, hidden: retired.length - seatCount(w) }));
  write(ask, isEmpty ? "" : "if presented now");
  write(fate, isEmpty ? "" : FATES[fateNow]);
  change(fate, "data-fate", fateNow);
  change(group, "data-leased", String(name === "child" && left > 0));
}

function subOf(name, { isEmpty, left, hidden }) {
  if (name === "retired" && !isEmpty)
    return hidden > 0 ? `replaced; ${hidden} older ones not shown` : "replaced";
  if (name === "root") return "proved to be held";
  if (isEmpty) return "none yet";
  return left > 0 ? `lease: ${Math.ceil(left)} s left` : "issued, not used yet";
}

function drawLease(group, { family, left, lease }, seats) {
  const seat = seats.get(family.child);
  change(group, "data-on", String(seat !== undefined && left > 0));
  if (seat === undefined) return;
  group.style.transform = `translate(${seat.x}px, ${seat.y}px)`;
  group.lastChild.style.strokeDasharray = `${(100 * left) / lease} 100`;
}

function drawKeys(layer, shown, seats) {
  for (const [generation, key] of shown) {
    if (seats.has(generation)) continue;
    key.remove();
    shown.delete(generation);
  }
  for (const [generation, { x, y, scale, place }] of seats) {
    const found = shown.get(generation);
    const key = found ?? keyShape(generation);
    if (found === undefined) {
      shown.set(generation, key);
      layer.append(key);
      arrive(key, `translate(${x + 60}px, ${y - 30}px) scale(${scale})`);
    }
    key.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    change(key, "data-place", place);
  }
}

// A transition starts only from a position that has been laid out.
function arrive(element, from) {
  element.style.transform = from;
  element.classList.add("arriving");
  element.getBoundingClientRect();
  element.classList.remove("arriving");
}

/** The tags below the keys, which show the holders of the tokens. */
function chipsOf({ holders, held }, seats) {
  const tags = [
    { id: "you", who: "you", generation: held },
    ...holders.thief.map((generation) => ({ id: `thief-${generation}`, who: "thief", generation })),
    ...holders.lost.map((generation) => ({ id: `lost-${generation}`, who: "lost", generation })),
  ];
  const heights = new Map();
  return tags.flatMap(({ id, who, generation }) => {
    const seat = seats.get(generation);
    if (seat === undefined) return [];
    const above = heights.get(generation) ?? 0;
    heights.set(generation, above + 1);
    return [{ id, who, x: seat.x, y: seat.chips + above * 26 }];
  });
}

function drawChips(layer, shown, chips) {
  const wanted = new Set(chips.map(({ id }) => id));
  for (const [id, chip] of shown) {
    if (wanted.has(id)) continue;
    chip.remove();
    shown.delete(id);
  }
  for (const { id, who, x, y } of chips) {
    const found = shown.get(id);
    const chip = found ?? tag(who);
    if (found === undefined) {
      shown.set(id, chip);
      layer.append(chip);
      arrive(chip, `translate(${x}px, ${y + 20}px)`);
    }
    chip.style.transform = `translate(${x}px, ${y}px)`;
  }
}

function tag(who) {
  const width = who.length * 8 + 20;
  const chip = part("g", { class: `chip ${who}` });
  chip.append(
    part("rect", { x: -width / 2, y: -11, width, height: 22, rx: 11 }),
    part("text", { y: 1 }, who),
  );
  return chip;
}

const MARKED = 5_000;

/** Shows for a while which keys were presented, and with what result. */
function mark(shown, labels) {
  for (const { generation, by, text } of labels) {
    const key = shown.get(generation);
    if (key === undefined) continue;
    const pulse = part("circle", { class: `pulse ${by}`, r: BOW });
    key.append(pulse);
    const label = key.querySelector(".label");
    label.textContent = text;
    change(label, "data-by", text === "alarm" ? "thief" : by);
    setTimeout(() => {
      pulse.remove();
      if (label.textContent === text) label.textContent = "";
    }, MARKED);
  }
}

function change(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
