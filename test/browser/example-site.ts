/** The recipes' pages, served as they would be deployed. Each folder is built when it is first asked for, as if it stood alone. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, preview } from "vite";

export const examplesDirectory = fileURLToPath(new URL("../../examples/", import.meta.url));

export class ExampleSite {
  readonly #outDir: string;
  readonly #server: Awaited<ReturnType<typeof preview>>;
  readonly #built = new Map<string, Promise<unknown>>();

  private constructor(outDir: string, server: Awaited<ReturnType<typeof preview>>) {
    this.#outDir = outDir;
    this.#server = server;
  }

  static async start(): Promise<ExampleSite> {
    const outDir = await mkdtemp(join(tmpdir(), "syncline-examples-"));
    const server = await preview({
      configFile: false,
      root: outDir,
      appType: "mpa",
      logLevel: "error",
      build: { outDir: "." },
      preview: { host: "127.0.0.1", port: 0 },
    });
    return new ExampleSite(outDir, server);
  }

  /** The page's URL, once its folder is built. */
  async urlOf(folder: string, page: string): Promise<string> {
    const building = this.#built.get(folder) ?? this.#build(folder);
    this.#built.set(folder, building);
    await building;
    return `${this.#server.resolvedUrls?.local[0] ?? ""}${folder}/${page}`;
  }

  async close(): Promise<void> {
    await this.#server.close();
    await rm(this.#outDir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #build(folder: string): Promise<void> {
    const root = join(examplesDirectory, folder);
    const ownConfig = join(root, "vite.config.ts");
    await build({
      root,
      configFile: existsSync(ownConfig) ? ownConfig : false,
      base: "./",
      logLevel: "error",
      build: {
        outDir: join(this.#outDir, folder),
        emptyOutDir: true,
        // Nothing is to be learned from it, and it takes longer.
        minify: false,
        rolldownOptions: { input: ["index.html", "react.html"].map((page) => join(root, page)).filter(existsSync) },
      },
    });
  }
}
