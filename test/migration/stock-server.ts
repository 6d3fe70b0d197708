/** The server of y-websocket with its own persistence, in a process of its own as people run it, on a free port. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const script = `
  import { createServer } from "node:http";
  import { WebSocketServer } from "ws";
  import { setupWSConnection } from "@y/websocket-server/utils";
  const http = createServer();
  new WebSocketServer({ server: http }).on("connection", setupWSConnection);
  http.listen(0, "127.0.0.1", () => console.log("port " + http.address().port));`;

export interface StockServer {
  readonly url: string;
  /** Kills it; resolves when it is gone. */
  readonly stop: () => Promise<void>;
}

export async function startStockServer(persistenceDirectory: string): Promise<StockServer> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: { PATH: process.env["PATH"], YPERSISTENCE: persistenceDirectory },
  });
  const exited = once(child, "exit");
  const stop = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(stop);
  let output = "";
  while (!/port \d+/.test(output)) output += String((await once(child.stdout, "data"))[0]);
  return { url: `ws://127.0.0.1:${/port (\d+)/.exec(output)?.[1]}`, stop };
}
