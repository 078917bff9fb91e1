import { routeHandlers } from "@latchkey/next";
import { auth } from "../../../lib/auth.ts";

export const { GET, POST, DELETE, HEAD, OPTIONS } = routeHandlers(auth);
