/**
 * The server that is attacked: `startServer` in a process of its own, which knows a few tokens, and tells who started it how much
 * memory it has and which errors it logs.
 */
import { NotAuthorized, startServer } from "@syncline/server";

const access = {
  writer: { access: "write" },
  reader: { access: "read" },
  presence: { access: "presence" },
  commenter: { access: "comment", write: ["comments"] },
  unseen: { access: "write", presence: false },
  nothing: { access: "none" },
  "expired-writer": { access: "write", expiresAt: 1 },
  named: { access: "write", user: { name: "Ann" } },
};

/** Tokens of people: `alice/1` is Alice's, whatever comes after the slash. */
const people = ["alice", "bob", "carol", "mallory"];

async function authorize({ token, documentName }) {
  if (Object.hasOwn(access, token)) return access[token];
  const [subject, ...rest] = token.split("/");
  if (rest.length > 0 && people.includes(subject))
    return { access: "write", subject: token.slice(0, token.indexOf("/")) };
  if (token === `only ${documentName}`) return { access: "write" };
  if (token === "brief-writer") return { access: "write", expiresAt: Date.now() + 1_000 };
  if (token === "late-writer") return new Promise((resolve) => setTimeout(resolve, 150, { access: "write" }));
  if (token === "never") return new Promise(() => undefined);
  if (token === "nonsense") return "yes";
  if (token === "throwing") throw new Error("the database is away");
  throw new NotAuthorized("nobody knows this token");
}

const say = (message) => process.connected && process.send(message);

const logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (fields, message) => say({ kind: "error", text: `${message} ${JSON.stringify(fields)}` }),
};

let server;

async function start(options) {
  server = await startServer({ ...options, port: 0, authorize, logger });
  say({ kind: "listening", port: server.port });
}

function heap() {
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  say({ kind: "heap", bytes: heapUsed + external });
}

process.on("message", (command) => {
  if (command.kind === "start") void start(command.options);
  else if (command.kind === "heap") heap();
  else void server.close().then(() => process.exit(0));
});
// Who started it is gone.
process.once("disconnect", () => process.exit(1));
