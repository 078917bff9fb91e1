import { openRecorder, type Recorder } from "./coverage.ts";
import { counted, type Finding, type Measure } from "./finding.ts";
import { loginFrames } from "./frames.ts";
import { goals, type RunningId } from "./goals.ts";
import { callback, login, type Operation, refresh, validateExpired, validateLive } from "./operations.ts";

type Row = readonly [id: RunningId, label: string, find: (recorder: Recorder) => Promise<Finding>];

const WARM_CALLS = 2;

const rows: readonly Row[] = [
  ["validateLive", "files that run: validate of a live token", (on) => filesOf(on, validateLive)],
  [
    "validateExpired",
    "files that run: validate that refreshes (SQLite)",
    (on) => filesOf(on, validateExpired),
  ],
  ["refresh", "files that run: POST /refresh", (on) => filesOf(on, refresh)],
  ["login", "files that run: POST /login", (on) => filesOf(on, login)],
  ["callback", "files that run: OAuth callback", filesOfCallback],
  ["loginFrames", "frames from auth.handle to the route of login", loginFrames],
];

/** What only calls tell, on SQLite, with scrypt at a low cost and a provider on this machine. */
export async function runningMeasures(): Promise<readonly Measure[]> {
  const recorder = await openRecorder();
  const measures: Measure[] = [];
  // One after the other: what runs at the same time would be counted too.
  for (const [id, label, find] of rows)
    measures.push({ id, label, goal: goals[id], ...(await find(recorder)) });
  await recorder.close();
  return measures;
}

/** The sources in which a function is called during one call of an operation that has been called before. */
async function filesOf(recorder: Recorder, open: () => Promise<Operation>): Promise<Finding> {
  const { prepare, close } = await open();
  for (let call = 0; call < WARM_CALLS; call++) await (await prepare())();
  const files = await recorder.record(await prepare());
  await close();
  return counted(files);
}

/** Of GitHub and of an OpenID provider: the one that needs more. */
async function filesOfCallback(recorder: Recorder): Promise<Finding> {
  const plain = await filesOf(recorder, () => callback("github"));
  const openId = await filesOf(recorder, () => callback("oidc"));
  return plain.value > openId.value ? plain : openId;
}
