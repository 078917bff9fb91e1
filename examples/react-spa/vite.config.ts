import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type Plugin } from "vite";

// The page loads files of its own origin only, and sends requests to Latchkey's server only.
const policyOf = (server: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src ${server}`,
    "form-action 'none'",
    "base-uri 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

// In development Vite needs an inline script, so only the built page has the policy.
const contentPolicy = (server: string): Plugin => ({
  name: "content-policy",
  apply: "build",
  transformIndexHtml: () => [
    {
      tag: "meta",
      attrs: { "http-equiv": "content-security-policy", content: policyOf(server) },
      injectTo: "head-prepend",
    },
  ],
});

// Headers for what a policy in a meta element cannot set.
const headers = {
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export default defineConfig(({ mode }) => {
  const { VITE_AUTH_URL = "http://localhost:3000/auth" } = loadEnv(mode, import.meta.dirname);
  return {
    plugins: [react(), contentPolicy(URL.parse(VITE_AUTH_URL)?.origin ?? "'self'")],
    server: {
      host: "localhost",
      port: 5173,
      strictPort: true,
      headers: { "referrer-policy": "no-referrer" },
    },
    preview: { host: "localhost", port: 5173, strictPort: true, headers },
  };
});
