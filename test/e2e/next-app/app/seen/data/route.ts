import { seen } from "../../../lib/seen.ts";

const show = async (): Promise<Response> => new Response(`[${await seen()}]`);

export { show as GET, show as POST };
