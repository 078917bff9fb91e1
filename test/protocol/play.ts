import type { Answer, Scheme, Token } from "./scheme.ts";
import {
  type Bounds,
  type Flight,
  HORIZON,
  type Jar,
  type Move,
  type RequestLeg,
  type ResponseLeg,
  type Step,
  type World,
} from "./world.ts";

type Judged = Step<unknown>["judged"];
type Outcome<Row> = { readonly after: World<Row>; readonly judged: Judged };

/** Carries out one move. */
export function play<Row>(world: World<Row>, move: Move, scheme: Scheme<Row>, bounds: Bounds): Step<Row> {
  if (move.kind === "arrive") return { before: world, move, ...arrive(world, move, scheme, bounds) };
  if (move.kind === "abuse") return { before: world, move, ...abuse(world, move, scheme) };
  if (move.kind === "abuse_look") {
    return { before: world, move, ...look(world, move.token, world.time + move.clock, scheme) };
  }
  return { before: world, move, after: playUnjudged(world, move, scheme, bounds), judged: null };
}

type Unjudged = Exclude<Move, { kind: "arrive" | "abuse" | "abuse_look" }>;

function playUnjudged<Row>(
  world: World<Row>,
  move: Unjudged,
  scheme: Scheme<Row>,
  bounds: Bounds,
): World<Row> {
  switch (move.kind) {
    case "tick":
      return { ...world, time: world.time + 1, flights: world.flights.map(age) };
    case "send":
      return send(world, move, bounds);
    case "deliver":
      return deliver(world, move.flight);
    case "lose":
      return { ...world, flights: without(world.flights, move.flight) };
    case "roll_back_jar":
      return {
        ...world,
        jar: world.older ?? world.jar,
        older: null,
        left: { ...world.left, rollback: false },
      };
    case "steal":
      return steal(world);
    case "abuse_access":
      return { ...world, row: scheme.confirm(world.row, move.token, world.time + move.clock) };
    case "sign_out":
      return { ...world, row: scheme.signOut(world.row, world.time) };
    case "back_up":
      return { ...world, backup: world.row, left: { ...world.left, backup: false } };
    case "restore":
      return { ...world, row: world.backup ?? world.row, backup: null };
  }
}

function send<Row>(world: World<Row>, move: Extract<Move, { kind: "send" }>, bounds: Bounds): World<Row> {
  const { rotations, proof } = world.jar;
  const token = move.sender === "api" ? proof : world.jar.token;
  if (token === null) return world;
  const due = move.sender === "page" ? bounds.lookDelay : bounds.delay;
  const request: RequestLeg = { stage: "request", sender: move.sender, token, rotations, due };
  return { ...world, flights: [...world.flights, request] };
}

function arrive<Row>(
  world: World<Row>,
  move: Extract<Move, { kind: "arrive" }>,
  scheme: Scheme<Row>,
  bounds: Bounds,
): Outcome<Row> {
  const request = world.flights[move.flight];
  if (request?.stage !== "request") return { after: world, judged: null };
  const now = world.time + move.clock;
  const flights = without(world.flights, move.flight);
  if (request.sender === "api") {
    return { after: { ...world, row: scheme.confirm(world.row, request.token, now), flights }, judged: null };
  }
  if (request.sender === "page") return look({ ...world, flights }, request.token, now, scheme);
  const { after, judged } = refresh({ ...world, flights }, request.token, now, scheme);
  if (judged.answer.kind === "access_only" && judged.answer.proof === undefined) return { after, judged };

  const response = respond(world, request, judged.answer, bounds);
  const rotations = Math.max(world.rotations, response.rotations);
  const inFlight = request.sender === "ssr" ? flights : [...flights, response];
  return { after: { ...after, flights: inFlight, rotations }, judged };
}

// The answer brings no token, so the request is over once it is given.
function look<Row>(world: World<Row>, token: Token, now: number, scheme: Scheme<Row>): Outcome<Row> {
  const { row, answer } = scheme.look(world.row, token, now);
  return { after: { ...world, row }, judged: { token, answer, now } };
}

function respond<Row>(world: World<Row>, request: RequestLeg, answer: Answer, bounds: Bounds): ResponseLeg {
  const isProof = answer.kind === "access_only";
  const token = broughtBy(answer);
  const isNew = !isProof && token !== null && token.secretHash !== request.token.secretHash;
  const isRotation = world.hoard !== null && isNew;
  const rotations = Math.min(request.rotations + (isRotation ? 1 : 0), HORIZON);
  return { stage: "response", token, isProof, rotations, due: bounds.delay };
}

function broughtBy(answer: Answer): Token | null {
  if (answer.kind === "access_only") return answer.proof ?? null;
  return answer.kind === "refresh" ? answer.token : null;
}

function abuse<Row>(
  world: World<Row>,
  move: Extract<Move, { kind: "abuse" }>,
  scheme: Scheme<Row>,
): Outcome<Row> {
  const now = world.time + move.clock;
  const { after, judged } = refresh(world, move.token, now, scheme);
  const loot = judged.answer.kind === "refresh" ? [judged.answer.token] : [];
  const known = (world.hoard ?? []).filter((token) => token.secretHash !== loot[0]?.secretHash);
  return { after: { ...after, hoard: [...known, ...loot] }, judged };
}

function refresh<Row>(
  world: World<Row>,
  token: Token,
  now: number,
  scheme: Scheme<Row>,
): { after: World<Row>; judged: NonNullable<Judged> } {
  const fresh = `T${world.minted}`;
  const { row, answer } = scheme.refresh(world.row, token, fresh, now);
  const judged = { token, answer, now };
  const isNew = answer.kind === "refresh" && answer.token.secretHash === fresh;
  if (!isNew) return { after: { ...world, row }, judged };
  const isOutOfReach = world.backup !== null && lostWrites(row, world.backup, scheme) > HORIZON;
  const backup = isOutOfReach ? null : world.backup;
  return { after: { ...world, row, backup, minted: world.minted + 1, issuedAt: world.time }, judged };
}

/** How many writes a restore of `backup` would lose. */
function lostWrites<Row>(row: Row, backup: Row, scheme: Scheme<Row>): number {
  return scheme.generation(row) - scheme.generation(backup);
}

function deliver<Row>(world: World<Row>, index: number): World<Row> {
  const response = world.flights[index];
  if (response?.stage !== "response") return world;
  const flights = without(world.flights, index);
  const { token, rotations } = response;
  if (response.isProof) return { ...world, jar: { ...world.jar, proof: token }, flights };
  const jar: Jar = { token, proof: token, since: world.time, rotations };
  return { ...world, jar, older: world.left.rollback ? world.jar : null, flights };
}

function steal<Row>(world: World<Row>): World<Row> {
  const { jar, older, flights } = world;
  return {
    ...world,
    hoard: jar.token === null ? [] : [jar.token],
    jar: { ...jar, rotations: 0 },
    older: older === null ? null : { ...older, rotations: 0 },
    flights: flights.map((flight) => ({ ...flight, rotations: 0 })),
  };
}

function age(flight: Flight): Flight {
  return { ...flight, due: flight.due - 1 };
}

function without(flights: readonly Flight[], index: number): readonly Flight[] {
  return flights.filter((_, at) => at !== index);
}
