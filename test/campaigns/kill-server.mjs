/**
 * A server to be killed: `startServer` on a LevelStorage, in a process of its own. It loads its code first and starts when
 * it is told to, so that a campaign can keep the next one ready. Around the store is a proxy that tells the parent which
 * operations are in flight, and that can kill the process in the middle of one, closer than a signal from outside.
 */
import { createServer, connect } from "node:net";
import { LevelStorage, startServer } from "@syncline/server";

const watchedOperations = new Set([
  "append",
  "replaceSnapshot",
  "readPointer",
  "readContents",
  "readRecords",
  "deleteDocument",
  "createDocument",
]);

/** Kills this process: the `nth` call from now of `operation`, `afterMicros` after it begins or ends. */
let death;
let server;

const say = (message) => process.connected && process.send(message);

function die(moment) {
  // Written to the pipe at once: the parent reads it from there.
  say({ kind: "dying", moment });
  process.kill(process.pid, "SIGKILL");
}

/** The event loop goes on meanwhile; timers are too coarse for parts of a millisecond. */
function dieAfter(micros, moment) {
  const untilNanos = process.hrtime.bigint() + BigInt(Math.round(micros * 1000));
  const look = () => (process.hrtime.bigint() >= untilNanos ? die(moment) : setImmediate(look));
  look();
}

function reached(operation, edge, details = {}) {
  say({ kind: edge, operation, ...details });
  if (death?.operation !== operation || death.edge !== edge) return;
  death.nth -= 1;
  if (death.nth > 0) return;
  const { afterMicros } = death;
  death = undefined;
  dieAfter(afterMicros, `${operation} ${edge}`);
}

function watched(storage) {
  return new Proxy(storage, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      if (!watchedOperations.has(name)) return member.bind(target);
      return (...operands) => watch(name, member.apply(target, operands));
    },
  });
}

function watch(operation, result) {
  reached(operation, "begins");
  if (typeof result?.then !== "function") return watchedIteration(operation, result);
  const beganMs = performance.now();
  const ended = () => reached(operation, "ends", { tookMicros: Math.round((performance.now() - beganMs) * 1000) });
  result.then(ended, ended);
  return result;
}

async function* watchedIteration(operation, iteration) {
  try {
    yield* iteration;
  } finally {
    reached(operation, "ends", { tookMicros: 0 });
  }
}

const complain = (level) => (fields, message) => say({ kind: "log", level, message, fields: JSON.stringify(fields) });
const logger = {
  debug: (_fields, message) => say({ kind: "log", level: "debug", message, fields: "" }),
  info: () => undefined,
  warn: complain("warn"),
  error: complain("error"),
};

/** A server listens at a port only its checkers know; writers come in by this door, once the checkers are done. */
function openDoor(port) {
  const door = createServer({ noDelay: true }, (outside) => {
    const inside = connect({ port: server.port, host: server.host, noDelay: true });
    outside.pipe(inside).pipe(outside);
    outside.on("error", () => inside.destroy());
    inside.on("error", () => outside.destroy());
  });
  door.on("error", (error) => say({ kind: "failed", code: error.code, message: error.message }));
  door.listen(port, "127.0.0.1", () => say({ kind: "door-open", port }));
  process.once("SIGTERM", () => door.close());
}

async function start({ data, limits }) {
  say({ kind: "opening" });
  try {
    server = await startServer({ port: 0, data: watched(await LevelStorage.open(data)), limits, logger });
  } catch (error) {
    say({ kind: "failed", code: error.code, message: error.message });
    process.exit(1);
  }
  say({ kind: "listening", url: server.url, canDelete: typeof server.documents?.recreate === "function" });
}

async function answer(id, work) {
  try {
    await work();
    say({ kind: "done", id });
  } catch (error) {
    say({ kind: "refused", id, code: error.code, message: error.message });
  }
}

process.on("message", (command) => {
  switch (command.kind) {
    case "start":
      return void start(command);
    case "open-door":
      return openDoor(command.port);
    case "arm":
      death = { ...command.death };
      return;
    case "delete":
      return void answer(command.id, () => server.documents.delete(command.documentName));
    case "recreate":
      return void answer(command.id, () => server.documents.recreate(command.documentName));
  }
});

process.once("SIGTERM", () => {
  say({ kind: "closing" });
  void Promise.resolve(server?.close()).then(() => process.exit(0));
});
// Who started it is gone.
process.once("disconnect", () => process.exit(1));
say({ kind: "loaded" });
