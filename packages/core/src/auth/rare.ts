export { checkDeployment } from "./check.ts";
export { userCalls } from "./user-calls.ts";
