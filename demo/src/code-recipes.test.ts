import { describe, expect, test } from "vitest";
import { flavours, installLine, recipeOf, roomQuery } from "./code-recipes.js";
import { viewNames } from "./document.js";

const all = viewNames.flatMap((view) =>
  flavours.map((flavour) => ({ view, flavour, recipe: recipeOf(view, flavour) })),
);

describe("the code for a pane", () => {
  test.each(all)(
    "of $view in $flavour begins with its page and has every file that one imports",
    ({ flavour, recipe }) => {
      const names = recipe.files.map(({ name }) => name);
      expect(names[0]).toBe(flavour === "react" ? "react.tsx" : "main.ts");
      expect(new Set(names).size).toBe(names.length);
      const stems = names.map((name) => `./${name.replace(/\.tsx?$/, "")}`);
      for (const name of importsOf(recipe.files)) {
        if (name.startsWith(".")) expect(stems).toContain(name.replace(/\.js$/, ""));
      }
    },
  );

  test.each(all)("of $view in $flavour installs every package that it imports", ({ flavour, recipe }) => {
    const installed = installLine(recipe, flavour).split(" ").slice(2);
    const names = installed.map((wanted) => wanted.slice(0, wanted.lastIndexOf("@")));
    for (const name of importsOf(recipe.files)) {
      if (!name.startsWith(".")) expect(names).toContain(/^(@[^/]+\/)?[^/]+/.exec(name)?.[0]);
    }
  });

  test("installs React for React only", () => {
    const packageJson = JSON.stringify({ dependencies: { "@tiptap/react": "3.0.0", react: "19.0.0", yjs: "13.6.0" } });
    expect(installLine({ packageJson }, "vanilla")).toBe("npm install yjs@13.6.0");
    expect(installLine({ packageJson }, "react")).toBe("npm install @tiptap/react@3.0.0 react@19.0.0 yjs@13.6.0");
  });

  test("joins a room of any name", () => {
    const query = new URLSearchParams(roomQuery("ws://localhost:1234/", "second room/ü&x=1"));
    expect(Object.fromEntries(query)).toEqual({ server: "ws://localhost:1234/", room: "second room/ü&x=1" });
  });
});

function importsOf(files: readonly { readonly text: string }[]): string[] {
  const matches = files.flatMap(({ text }) => [...text.matchAll(/\bfrom "([^"]+)"|^import "([^"]+)"/gm)]);
  return matches.map(([, from, alone]) => from ?? alone ?? "");
}
