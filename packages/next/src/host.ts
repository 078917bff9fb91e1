import type { RequestHost } from "@latchkey/core";
import { after } from "next/server.js";

/**
 * What Next tells of a request. It tells no address of the connection: it writes it to `X-Forwarded-For`, but keeps the
 * header if the client sent one. So `trustedProxies` of `createAuth` decides whether that header is believed.
 */
export const NEXT_HOST: RequestHost = { waitUntil: (work) => after(work) };
