const GAP = 14;
const NARROW = 600;
const SMALL = 0.72;
const SPACE = 62;

/** The boxes of the three places. They are in a row; in a narrow picture the retired tokens are below the others. */
export function layoutOf(width) {
  if (width < NARROW) {
    const half = (width - GAP) / 2;
    return {
      width,
      isNarrow: true,
      height: 312 + GAP + 264,
      retired: { x: 0, y: 312 + GAP, w: width, h: 264 },
      root: { x: 0, y: 0, w: half, h: 312 },
      child: { x: half + GAP, y: 0, w: half, h: 312 },
    };
  }
  const good = Math.max(160, (width - 2 * GAP) * 0.29);
  const rest = width - 2 * (good + GAP);
  return {
    width,
    isNarrow: false,
    height: 320,
    retired: { x: 0, y: 0, w: rest, h: 320 },
    root: { x: rest + GAP, y: 0, w: good, h: 320 },
    child: { x: rest + good + 2 * GAP, y: 0, w: good, h: 320 },
  };
}

/** How many retired tokens fit into a box of this width. */
export function seatCount(width) {
  return Math.max(2, Math.floor((width - 16) / SPACE));
}

/** The positions of the root, the child and the latest retired tokens. */
export function seatsOf({ family, retired }, layout) {
  const seats = new Map();
  if (family.root !== null) seats.set(family.root, { ...seatIn(layout.root), scale: 1, place: "root" });
  if (family.child !== null) seats.set(family.child, { ...seatIn(layout.child), scale: 1, place: "child" });
  const box = layout.retired;
  const shown = retired.slice(-seatCount(box.w));
  const first = box.x + box.w / 2 - ((shown.length - 1) * SPACE) / 2;
  for (const [index, generation] of shown.entries()) {
    seats.set(generation, {
      x: first + index * SPACE,
      y: box.y + 100,
      scale: SMALL,
      place: "retired",
      chips: box.y + (layout.isNarrow ? 178 : 188),
    });
  }
  return seats;
}

function seatIn({ x, y, w }) {
  return { x: x + w / 2, y: y + 122, chips: y + 228 };
}
