/** The command line: the only place that reads arguments and environment, and that writes to the terminal. */
import { Command } from "commander";
import { version } from "../version.js";
import { addBackup } from "./backup.js";
import { addDemo } from "./demo.js";
import { addExport } from "./export.js";
import { reportFailure } from "./failure.js";
import { addImport } from "./import.js";
import { addInit } from "./init.js";
import { addInspect } from "./inspect.js";
import { addDelete, addRecreate } from "./lifecycle.js";
import { addList } from "./list.js";
import { addMigrate } from "./migrate.js";
import { addRevoke } from "./revoke.js";
import { addServe } from "./serve.js";
import { addToken } from "./token.js";
import { addVerify } from "./verify.js";

const program = new Command("syncline")
  .description("A sync server for Yjs documents that keeps every acknowledged edit on disk.")
  .version(version)
  .showHelpAfterError("(syncline --help lists what there is)")
  .addHelpText("after", "\nAll commands work while a server has the data open, and without one.");

program.commandsGroup("Serve:");
addServe(program);
addDemo(program);
program.commandsGroup("Say who may do what:");
addInit(program);
addToken(program);
addRevoke(program);
program.commandsGroup("Look at documents:");
addList(program);
addInspect(program);
addExport(program);
program.commandsGroup("Keep them safe:");
addVerify(program);
addBackup(program);
program.commandsGroup("Change them:");
addImport(program);
addDelete(program);
addRecreate(program);
addMigrate(program);

// Whoever reads from us has read enough, as `head` does.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

// `serve` is what is meant when no command is given, and would take a misspelt one for an argument of its own.
const [first = "help"] = process.argv.slice(2);
const isCommand =
  first.startsWith("-") || first === "help" || program.commands.some((command) => command.name() === first);
if (!isCommand) program.error(`error: there is no command ${JSON.stringify(first)}`);

try {
  await program.parseAsync();
} catch (thrown) {
  reportFailure(thrown);
}
