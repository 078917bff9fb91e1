export type { MakeStore, MakeUsers, Runner, StoreUnderTest, UsersUnderTest } from "./cases.ts";
export { describeStore, describeUsers } from "./contract.ts";
export { runTrace, type TraceOptions, type TraceReport } from "./trace.ts";
