export type { MakeStore, Runner, StoreUnderTest } from "./cases.ts";
export { describeStore } from "./contract.ts";
export { runTrace, type TraceOptions, type TraceReport } from "./trace.ts";
