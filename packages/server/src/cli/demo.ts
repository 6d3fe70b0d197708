/** `syncline demo`: the demo on a server that its page can have killed, and that is started again. */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { systemTimers } from "../timers.js";
import { announce } from "./announcement.js";
import { addServeFlags, argumentsFor, type ServeFlags } from "./serve-flags.js";
import { Supervisor } from "./supervisor.js";

const main = fileURLToPath(new URL("main.js", import.meta.url));

const after = `
The server is "syncline serve --demo" in a process of its own. When a signal ends it, a kill -9 or the page's
button, it is started again on the same port. Not for work: whoever can open the page can kill the server.`;

export function addDemo(program: Command): void {
  const command = program
    .command("demo")
    .description("the demo page, with a server that it can kill and that comes back");
  addServeFlags(command).addHelpText("after", after).action(demo);
}

/** Resolves when the server has ended for good. */
async function demo(flags: ServeFlags): Promise<void> {
  const supervisor = new Supervisor({
    start: (port = flags.port) => startServerProcess({ ...flags, port }),
    onListening: (url) => announce(url, { ...flags, demo: true }),
    onBack: ({ signal, isAsked }, awayMs) => {
      const why = isAsked ? `killed with ${signal}, as the page asked` : `ended by ${signal}`;
      console.log(`the server was ${why}, and is back after ${seconds(awayMs)}`);
    },
    onPause: ({ signal }, pauseMs) => {
      console.log(`the server was ended by ${signal}, again within a second; it is started in ${seconds(pauseMs)}`);
    },
    timers: systemTimers,
  });
  const stop = (signal: NodeJS.Signals) => {
    if (supervisor.stop(signal)) console.error(`syncline: ${signal} again, stopping at once`);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  process.exit(await supervisor.run());
}

function startServerProcess(flags: ServeFlags): ChildProcess {
  return fork(main, ["serve", "--demo", "--supervised", ...argumentsFor(flags)]);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
