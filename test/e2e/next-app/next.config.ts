import type { NextConfig } from "next";

/** The pages that links of messages open. Their address has a token, which must not reach other sites. */
const TOKEN_PAGES = ["reset-password", "verify-email", "confirm-email", "undo-email-change", "sign-in/link"];
const NO_REFERRER = [{ key: "Referrer-Policy", value: "no-referrer" }];

const config: NextConfig = {
  poweredByHeader: false,
  // The test checks the types with a faster compiler, and builds once.
  typescript: { ignoreBuildErrors: true },
  experimental: { turbopackFileSystemCacheForBuild: false, turbopackSourceMaps: false },
  headers: async () => TOKEN_PAGES.map((page) => ({ source: `/${page}`, headers: NO_REFERRER })),
  rewrites: async () => [
    { source: "/alias", destination: "/dashboard" },
    { source: "/alias-of-vault", destination: "/guarded" },
  ],
};
export default config;
