export type { ObjectNamespace, ObjectState, ObjectStorage } from "./platform.ts";
