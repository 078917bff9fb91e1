/** A value that a figure must not exceed, or must reach. */
interface Goal {
  readonly bound: "at most" | "at least";
  readonly value: number;
  readonly of: "HMAC" | "jose" | "B" | "MB" | "by CPU";
}

const most = (value: number, of: Goal["of"]): Goal => ({ bound: "at most", value, of });

/** The goals by the name of a row, without what comes before "validate". */
const goals: Readonly<Record<string, Goal>> = {
  "validate, hit, same token": most(0.6, "HMAC"),
  "validate, hit, 10,000 tokens": most(0.9, "HMAC"),
  "validate, miss, EdDSA": most(1.2, "jose"),
  "validate, miss, HS256": most(1.2, "jose"),
  "validate, refused token": most(1.2, "jose"),
  "validate, anonymous, 4 cookies": most(0.3, "HMAC"),
  "GET /session, memory, EdDSA": most(14, "HMAC"),
  "POST /refresh, memory, EdDSA": most(48, "HMAC"),
  "POST /refresh, memory, HS256": most(34, "HMAC"),
  "POST /login, memory, EdDSA": most(50, "HMAC"),
  "POST /logout, memory, EdDSA": most(34, "HMAC"),
  "bytes of validate, hit, same token": most(1_000, "B"),
  "bytes of an entry of the token cache": most(900, "B"),
  "memory of 200,000 refused tokens": most(5, "MB"),
  "Hono server with session(auth)": { bound: "at least", value: 0.93, of: "by CPU" },
};

const NAME_WIDTH = 48;
const FIGURE_WIDTH = 10;

/** The figures of a row by their units, such as `{ HMAC: 0.5, jose: 0.03 }`. Null prints as a dash. */
export type Figures = Readonly<Record<string, number | null>>;

/** The head of a part of the table. */
export function head(title: string, units: readonly string[]): string {
  return `\n${title.padEnd(NAME_WIDTH)}${units.map((unit) => unit.padStart(FIGURE_WIDTH)).join("")}   goal`;
}

/** One row, with its goal and whether it is met. */
export function row(name: string, figures: Figures): string {
  const texts = Object.values(figures).map((figure) => textOf(figure).padStart(FIGURE_WIDTH));
  const goal = goals[name.replace(/\b(?:auth|validator)\./, "")];
  return `${name.padEnd(NAME_WIDTH)}${texts.join("")}   ${goal === undefined ? "" : judge(goal, figures)}`.trimEnd();
}

function judge({ bound, value, of }: Goal, figures: Figures): string {
  const figure = figures[of];
  if (typeof figure !== "number") throw new Error(`a row with a goal has no figure in ${of}`);
  const isMet = bound === "at most" ? figure <= value : figure >= value;
  return `${bound} ${value} ${of}: ${isMet ? "met" : "missed"}`;
}

function textOf(figure: number | null): string {
  if (figure === null) return "-";
  return figure.toFixed(Math.abs(figure) < 10 ? 2 : Math.abs(figure) < 100 ? 1 : 0);
}
