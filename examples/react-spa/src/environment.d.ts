interface ImportMetaEnv {
  /** Where Latchkey's routes are. Default: the Hono example's. */
  readonly VITE_AUTH_URL?: string;
}
