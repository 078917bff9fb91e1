import type { Answer, Scheme } from "./scheme.ts";
import type { Flight, Move, Sender, Step, World } from "./world.ts";

/** Writes a way through the world as numbered lines: when, who, what, and where it changed, the row and the jar. */
export function printTrace<Row>(steps: readonly Step<Row>[], scheme: Scheme<Row>): string {
  return steps.map((step, index) => `${`${index + 1}`.padStart(4)}  ${printStep(step, scheme)}`).join("\n");
}

function printStep<Row>(step: Step<Row>, scheme: Scheme<Row>): string {
  const { before, after, move, judged } = step;
  const now = judged?.now ?? before.time;
  let line = `t=${before.time}  ${describe(move, before)}`;
  if (judged !== null) line += ` -> ${printAnswer(judged.answer)}`;
  if (before.row !== after.row)
    line += `\n        row: ${scheme.print(before.row, now)}  =>  ${scheme.print(after.row, now)}`;
  if (before.jar !== after.jar) line += `\n        jar: ${nameOf(before.jar)}  =>  ${nameOf(after.jar)}`;
  return line;
}

function describe<Row>(move: Move, world: World<Row>): string {
  switch (move.kind) {
    case "tick":
      return "time      one tick passes";
    case "send":
      return `${move.sender.padEnd(8)}  sends ${whatOf(move.sender)} ${printSent(move.sender, world)}`;
    case "arrive":
      return `server    gets ${printFlight(world.flights[move.flight])}${printClock(move.clock)}`;
    case "deliver":
      return `browser   receives ${nameOf(world.flights[move.flight])}`;
    case "lose":
      return `network   loses ${printFlight(world.flights[move.flight])}`;
    case "roll_back_jar":
      return "browser   loses its newest cookies";
    case "steal":
      return `thief     copies ${nameOf(world.jar)} from the jar`;
    case "abuse":
      return `thief     sends ${move.token.secretHash}${printClock(move.clock)}`;
    case "abuse_access":
      return `thief     sends the access token of ${move.token.secretHash}${printClock(move.clock)}`;
    case "abuse_look":
      return `thief     has ${move.token.secretHash} looked up${printClock(move.clock)}`;
    case "sign_out":
      return "browser   signs out";
    case "back_up":
      return "store     writes the copy that a restore will bring back";
    case "restore":
      return "store     falls back to that copy";
  }
}

function printFlight(flight: Flight | undefined): string {
  if (flight?.stage === "request") return `${whatOf(flight.sender)} ${nameOf(flight)} from ${flight.sender}`;
  return `the answer ${nameOf(flight)}`;
}

function printSent<Row>(sender: Sender, { jar }: World<Row>): string {
  return nameOf(sender === "api" ? { token: jar.proof } : jar);
}

function printAnswer(answer: Answer): string {
  switch (answer.kind) {
    case "refresh":
      return `access token and ${answer.token.secretHash} (${answer.outcome})`;
    case "access_only":
      return answer.proof ? `access token only, of ${answer.proof.secretHash}` : "access token only";
    case "refused":
      return `refused (${answer.reason})`;
    case "alarm":
      return "ALARM";
    case "seen":
      return "signed in";
    case "unseen":
      return `not signed in (${answer.because})`;
  }
}

function whatOf(sender: Sender): string {
  return sender === "api" ? "the access token of" : "refresh token";
}

function nameOf(holder: { readonly token: { readonly secretHash: string } | null } | undefined): string {
  return holder?.token?.secretHash ?? "nothing";
}

function printClock(clock: number): string {
  return clock === 0 ? "" : ` (its clock is ${clock} ahead)`;
}
