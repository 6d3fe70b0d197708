/** The server of y-websocket, @y/websocket-server, in a process of its own that can be stopped, continued and killed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const script = `
  import { createServer } from "node:http";
  import { WebSocketServer } from "ws";
  import { setupWSConnection } from "@y/websocket-server/utils";
  const { PORT, DENIAL, CLOSE, DROPS } = process.env;
  const isEdit = ([type, step]) => type === 0 && step > 0;
  const http = createServer();
  new WebSocketServer({ server: http }).on("connection", (socket, request) => {
    console.log("url " + request.url);
    if (CLOSE) return socket.close(Number(CLOSE), "closed by the test");
    const { on } = socket;
    if (DENIAL || DROPS) {
      socket.on = (event, listener) =>
        on.call(socket, event, event === "message" ? (data) => isEdit(new Uint8Array(data)) || listener(data) : listener);
    }
    setupWSConnection(socket, request);
    if (DENIAL) socket.send(Uint8Array.of(2, 0, DENIAL.length, ...Buffer.from(DENIAL)));
  });
  http.listen(Number(PORT), "127.0.0.1", () => console.log("port " + http.address().port));`;

export interface YWebsocketServerOptions {
  /** 0: a free one. @default 0 */
  readonly port?: number;
  /** Denies permission to edit, in ASCII; edits are dropped. */
  readonly denial?: string;
  /** Closes every socket with this code. */
  readonly closeCode?: number;
  /** Drops edits and says nothing. */
  readonly dropsEdits?: boolean;
}

export interface YWebsocketServer {
  readonly url: string;
  readonly port: number;
  /** Of the requests, in order: path and query. */
  readonly requests: readonly string[];
  /** Nothing is read, written or accepted until `resume`. */
  readonly pause: () => void;
  readonly resume: () => void;
  /** Kills it; its documents were in memory. Resolves when it is gone. */
  readonly kill: () => Promise<void>;
}

/** Resolves when it listens; it is killed when the test is finished. */
export async function startYWebsocketServer(options: YWebsocketServerOptions = {}): Promise<YWebsocketServer> {
  const { port = 0, denial = "", closeCode = "", dropsEdits = false } = options;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
    env: {
      ...{ PATH: process.env["PATH"], PORT: String(port) },
      ...{ DENIAL: denial, CLOSE: String(closeCode), DROPS: dropsEdits ? "1" : "" },
    },
  });
  const exited = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  const requests: string[] = [];
  const listening = new Promise<number>((resolve) => {
    let output = "";
    child.stdout.on("data", (data: Buffer) => {
      const lines = (output + data.toString()).split("\n");
      output = lines.pop() ?? "";
      for (const line of lines) {
        if (line.startsWith("url ")) requests.push(line.slice(4));
        if (line.startsWith("port ")) resolve(Number(line.slice(5)));
      }
    });
  });
  const listeningPort = await listening;
  return {
    ...{ url: `ws://127.0.0.1:${listeningPort}`, port: listeningPort, requests, kill },
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
  };
}
