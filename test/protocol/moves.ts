import type { Scheme, Token } from "./scheme.ts";
import type { Bounds, Flight, Move, Sender, World } from "./world.ts";

const TICK: Move = { kind: "tick" };
const STEAL: Move = { kind: "steal" };
const SIGN_OUT: Move = { kind: "sign_out" };
const BACK_UP: Move = { kind: "back_up" };
const RESTORE: Move = { kind: "restore" };
const ROLL_BACK_JAR: Move = { kind: "roll_back_jar" };
const SEND: Readonly<Record<Sender, Move>> = {
  browser: { kind: "send", sender: "browser" },
  ssr: { kind: "send", sender: "ssr" },
  api: { kind: "send", sender: "api" },
  page: { kind: "send", sender: "page" },
};

/** Lists everything that can happen next. */
export function movesOf<Row>(world: World<Row>, scheme: Scheme<Row>, bounds: Bounds): Move[] {
  const moves: Move[] = [];
  if (scheme.isEnded(world.row) && !bounds.signOut) return moves;
  if (world.jar.token !== null && world.flights.length < bounds.parallel) {
    for (const sender of bounds.senders) moves.push(SEND[sender]);
  }
  world.flights.forEach((flight, index) => {
    if (world.flights.findIndex((other) => isAlike(other, flight)) < index) return;
    if (flight.stage === "response") moves.push({ kind: "deliver", flight: index });
    else for (const clock of bounds.clocks) moves.push({ kind: "arrive", flight: index, clock });
    if (bounds.loss) moves.push({ kind: "lose", flight: index });
  });
  if (world.flights.every((flight) => flight.due > 0)) moves.push(TICK);
  if (bounds.signOut) moves.push(SIGN_OUT);
  moves.push(...mishapsOf(world, scheme, bounds), ...theftsOf(world, bounds));
  return moves;
}

/** Whether two legs lead to the same worlds: then one of them is enough. */
function isAlike(a: Flight, b: Flight): boolean {
  if (a.due !== b.due || a.rotations !== b.rotations || a.token !== b.token) return false;
  if (a.stage === "request") return b.stage === "request" && a.sender === b.sender;
  return b.stage === "response" && a.isProof === b.isProof;
}

function mishapsOf<Row>(world: World<Row>, scheme: Scheme<Row>, bounds: Bounds): Move[] {
  const moves: Move[] = [];
  const { older, jar, backup } = world;
  const isFresh = bounds.rollback !== null && world.time - jar.since <= bounds.rollback;
  if (older !== null && isFresh) moves.push(ROLL_BACK_JAR);
  if (backup === null && world.left.backup) moves.push(BACK_UP);
  if (backup === null || (bounds.restore === "at rest" && world.flights.length > 0)) return moves;
  if (scheme.generation(world.row) > scheme.generation(backup)) moves.push(RESTORE);
  return moves;
}

function theftsOf<Row>(world: World<Row>, bounds: Bounds): Move[] {
  if (!bounds.theft) return [];
  if (world.hoard === null) return world.jar.token === null ? [] : [STEAL];
  const moves: Move[] = [];
  for (const token of world.hoard) addAbuses(moves, token, bounds);
  return moves;
}

function addAbuses(moves: Move[], token: Token, bounds: Bounds): void {
  for (const clock of bounds.clocks) {
    if (bounds.looks !== null) moves.push({ kind: "abuse_look", token, clock });
    if (bounds.thiefOnlyLooks) continue;
    moves.push({ kind: "abuse", token, clock });
    if (bounds.senders.includes("api")) moves.push({ kind: "abuse_access", token, clock });
  }
}
