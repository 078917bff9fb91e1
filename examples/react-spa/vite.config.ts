import react from "@vitejs/plugin-react";
import { defineConfig, loadEnv, type Plugin } from "vite";

// The page loads what its own origin serves, and asks nobody but Latchkey's server.
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

// Vite's own page while developing needs an inline script: the policy is for what is built.
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

// What a policy in the page cannot say.
const headers = {
  "content-security-policy": "frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

export default defineConfig(({ mode }) => {
  const { VITE_AUTH_URL = "http://localhost:3000/auth" } = loadEnv(mode, import.meta.dirname);
  return {
    plugins: [react(), contentPolicy(URL.parse(VITE_AUTH_URL)?.origin ?? "'self'")],
    server: { host: "localhost", port: 5173, strictPort: true },
    preview: { host: "localhost", port: 5173, strictPort: true, headers },
  };
});
