import { defineConfig } from "vite";

export default defineConfig({
  resolve: {
    // y-monaco asks for a path that monaco-editor no longer has: the same module goes by another name.
    alias: { "monaco-editor/esm/vs/editor/editor.api.js": "monaco-editor/editor" },
  },
});
