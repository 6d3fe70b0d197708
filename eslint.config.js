import js from "@eslint/js";
import globals from "globals";
import tseslint from "typescript-eslint";

export default tseslint.config(
  {
    ignores: [
      "**/dist/**",
      "**/.tsc/**",
      "**/node_modules/**",
      "packages/server/demo-page/**",
      "data/**",
      "bench/out/**",
      "test/workspace/.tree/**",
      "**/.next/**",
      "**/next-env.d.ts",
    ],
  },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    rules: {
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/no-non-null-assertion": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-restricted-syntax": ["error", { selector: "TSEnumDeclaration", message: "Use a union of literals." }],
    },
  },
  {
    // What ships: small functions, few parameters, no console, no default or star exports.
    files: ["packages/*/src/**/*.{ts,tsx}"],
    ignores: ["**/*.test.{ts,tsx}"],
    rules: {
      "no-console": "error",
      "max-lines": ["error", { max: 330, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", 4],
      "no-restricted-syntax": [
        "error",
        { selector: "TSEnumDeclaration", message: "Use a union of literals." },
        { selector: "ExportAllDeclaration", message: "List the names." },
        { selector: "ExportDefaultDeclaration", message: "Export by name." },
      ],
      "no-restricted-globals": [
        "error",
        { name: "Buffer", message: "Uint8Array past the adapters." },
        { name: "process", message: "Environment and arguments are read in the CLI only." },
      ],
    },
  },
  {
    files: ["packages/server/src/adapters/**/*.ts", "packages/server/src/cli/**/*.ts"],
    rules: { "no-restricted-globals": "off", "no-console": "off" },
  },
  { files: ["**/*.js", "**/*.cjs", "**/*.mjs"], languageOptions: { globals: globals.node } },
);
