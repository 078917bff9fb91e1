// Loaded with the first call that needs one of these.
export { checkDeployment } from "./check.ts";
export { userCalls } from "./user-calls.ts";
