/** `syncline serve`: starts a server, says where it is, and takes it down when it is told to. */
import { type Command, Option } from "commander";
import { pino } from "pino";
import { messageOf, SynclineError } from "../error.js";
import { assertNotExposed } from "../exposure.js";
import type { ServerOptions } from "../options.js";
import { startServer, type SynclineServer } from "../server.js";
import { announce } from "./announcement.js";
import { findConfig, configOption, laysKeyOpen, type Config } from "./config.js";
import { authorizeIn } from "./config-auth.js";
import { limitsOf } from "./config-schema.js";
import { configured } from "./configured-flags.js";
import { demoOptions } from "./demo-options.js";
import { addServeFlags, type ServeFlags } from "./serve-flags.js";
import { SupervisorLine } from "./supervisor-line.js";

interface OwnFlags extends ServeFlags {
  readonly config?: string;
  readonly demo: boolean;
  readonly supervised: boolean;
}

/** A shutdown that takes longer is given up: what was not acknowledged by then is still with the clients. */
const shutdownLimitMs = 10_000;

export function addServe(program: Command): void {
  const command = program
    .command("serve", { isDefault: true })
    .description("serve documents over WebSocket, until SIGTERM or SIGINT");
  addServeFlags(command)
    .option("--demo", "serve the demo page at /; who comes with the token read-only may not write", false)
    .addOption(configOption())
    .addOption(new Option("--supervised", "the server of `syncline demo`").default(false).hideHelp())
    .action(serve);
}

/** Resolves when the server listens; the process then runs until it is told to stop. */
async function serve(given: OwnFlags, command: Command): Promise<void> {
  const config = await configFor(given);
  const flags = configured(given, config, command);
  const authorize = await authorizeIn(config);
  const isKeyOpen = config !== undefined && (await laysKeyOpen(config));
  const { port, host, data, relay, fsync, insecure, control } = flags;
  const door = { allowedOrigins: flags.allowOrigin, trustedProxies: flags.trustProxy, tls: certificateFiles(flags) };
  // Without a configuration nothing here asks who somebody is, not even the demo's `authorize`.
  if (!insecure && !authorize) assertNotExposed(host);
  const line = flags.supervised ? SupervisorLine.open() : undefined;
  const logger = pino({ level: flags.log }, pino.destination({ dest: 2, sync: true }));
  const demo = flags.demo ? demoOptions({ host, crash: line && (() => line.askForCrash()) }) : {};
  const limits = limitsOf(config?.limits);
  const clientIds = config?.auth?.client_ids;
  const server = await startServer({
    ...{ port, host, data, relay, fsync, insecure, control, limits, logger },
    ...door,
    ...demo,
    ...(authorize && { authorize }),
    ...(clientIds && { clientIds }),
  });
  // Before anybody is told that there is something to stop.
  stopWhenTold(server, line);
  if (line) line.tellListening(server);
  else announce(server.url, { ...flags, configFile: config?.file, hasAuth: authorize !== undefined, isKeyOpen });
}

/** The demo is for everybody who sees its page, and takes no file that it finds by chance. */
async function configFor({ config: named, demo }: OwnFlags): Promise<Config | undefined> {
  if (!demo) return findConfig(named);
  const config = named === undefined ? undefined : await findConfig(named);
  if (!config?.auth) return config;
  throw new SynclineError("invalid-option", `--demo lets everybody in: it does not go with [auth] in ${config.file}`);
}

/** @throws {SynclineError} `invalid-option` when one is there without the other */
function certificateFiles({ tlsCert, tlsKey }: ServeFlags): ServerOptions["tls"] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert !== undefined && tlsKey !== undefined) return { cert: tlsCert, key: tlsKey };
  throw new SynclineError("invalid-option", "--tls-cert and --tls-key go together: a certificate, and its private key");
}

function stopWhenTold(server: SynclineServer, line: SupervisorLine | undefined): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    // Ctrl+C comes to the supervisor and to this process. A second one is the supervisor's business.
    if (isStopping && line) return;
    if (isStopping) {
      console.error(`syncline: ${signal} again, stopping at once`);
      process.exit(1);
    }
    isStopping = true;
    console.log(`${signal}: committing what is queued, closing connections`);
    closeAndExit(server);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  void line?.stopAsked.then(stop);
  // Without a word: the terminal may have gone, too.
  void line?.gone.then(() => closeAndExit(server));
}

function closeAndExit(server: SynclineServer): void {
  setTimeout(() => {
    console.error(`syncline: not done after ${shutdownLimitMs / 1000} s, stopping at once`);
    process.exit(1);
  }, shutdownLimitMs).unref();
  server.close().then(
    () => process.exit(0),
    (thrown: unknown) => {
      console.error(`syncline: could not stop cleanly: ${messageOf(thrown)}`);
      process.exit(1);
    },
  );
}
