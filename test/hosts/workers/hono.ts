export { app as default } from "../servers/hono-app.ts";
