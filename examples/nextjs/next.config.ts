import type { NextConfig } from "next";

export default {
  // Inside another project Next takes that one for the root, and warns of it at each build.
  turbopack: { root: import.meta.dirname },
} satisfies NextConfig;
