import type { NextConfig } from "next";

const config: NextConfig = {
  poweredByHeader: false,
  rewrites: async () => [
    { source: "/alias", destination: "/dashboard" },
    { source: "/alias-of-vault", destination: "/guarded" },
  ],
};
export default config;
