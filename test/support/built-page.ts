/** A page of one script, built with Vite and served on an origin of its own. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { build } from "vite";

export interface BuiltPageOptions {
  /** Of the script. Its parts are loaded when they are needed, as in an application. */
  readonly path: string;
  /** Module names → files that take their place. */
  readonly alias?: Readonly<Record<string, string>>;
  /** With the warnings that libraries have for developers. @default false */
  readonly isForDevelopment?: boolean;
}

export interface BuiltPage {
  readonly url: string;
  /** In `#root`, of the next page that is opened. */
  rendered: string;
  close(): void;
}

/** @throws {Error} what Vite says of a page that does not build */
export async function serveBuiltPage({
  path,
  alias = {},
  isForDevelopment = false,
}: BuiltPageOptions): Promise<BuiltPage> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    base: "./",
    ...(isForDevelopment && {
      mode: "development",
      define: { "process.env.NODE_ENV": '"development"' },
    }),
    resolve: { alias },
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rollupOptions: { input: path, output: { entryFileNames: "page.js" } },
    },
  });
  const [result] = [built].flat();
  if (!result || !("output" in result)) throw new Error(`${path} was not built`);
  const scripts = new Map<string, string>(
    result.output.flatMap((part) => (part.type === "chunk" ? [[`/${part.fileName}`, part.code] as const] : [])),
  );
  const server = createServer(({ url = "/" }, response) => {
    const script = scripts.get(url);
    response.setHeader("content-type", script === undefined ? "text/html; charset=utf-8" : "text/javascript");
    const body = `<div id=root>${page.rendered}</div><script type=module src=/page.js></script>`;
    response.end(script ?? `<!doctype html><title>page</title>${body}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const page: BuiltPage = { url: `http://127.0.0.1:${port}/`, rendered: "", close: () => server.close() };
  return page;
}
