export { defineAuth } from "./bindings.ts";
export { requestHost, type WaitingContext } from "./host.ts";
export { SessionObject } from "./object.ts";
export type { CallSettings } from "./operations.ts";
export type { ObjectNamespace, ObjectState, ObjectStorage, ObjectStub } from "./platform.ts";
export { durableObjects } from "./store.ts";
