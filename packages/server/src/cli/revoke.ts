/** `syncline revoke`: the end of somebody's access, at once and for the tokens that there are. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import { SynclineError } from "../error.js";
import { configOption, findConfig, pathFrom } from "./config.js";
import { dataOption, type DataFlags } from "./flags.js";
import { revokeIn } from "./open-documents.js";
import { countOf } from "./printable.js";

interface RevokeFlags extends DataFlags {
  readonly sub?: string;
  readonly tokenId?: string;
  readonly doc?: string;
  readonly config?: string;
}

const after = `
What was made until now is not accepted any more; a token that is made later is. A token that was revoked by its own id
stays so. With several of these flags, what fits all of them is meant.`;

export function addRevoke(program: Command): void {
  program
    .command("revoke")
    .description("end the access of a person, of a token, or to a document, for all tokens made until now")
    .option("--sub <subject>", "of whom: the sub of their tokens")
    .option("--token-id <id>", "by which token: its jti; of a link, the first 16 characters after its last dot")
    .option("--doc <name>", "to which document")
    .addOption(dataOption())
    .addOption(configOption())
    .addHelpText("after", after)
    .action(revoke);
}

async function revoke(flags: RevokeFlags, command: Command): Promise<void> {
  const { sub: subject, tokenId, doc: documentName } = flags;
  if (subject === undefined && tokenId === undefined && documentName === undefined) {
    throw new SynclineError("invalid-option", "--sub, --token-id or --doc says whose access ends");
  }
  if (documentName !== undefined) checkedName(documentName);
  const data = await dataOf(flags, command);
  const goneCount = await revokeIn(data, { subject, tokenId, documentName });
  if (goneCount === undefined) console.log(`revoked in ${resolve(data)}; no server is running there`);
  else console.log(`revoked; ${countOf(goneCount, "client was", "clients were")} sent away`);
}

/** Of the server that the configuration is for: revoking in another's data would look as if it were done. */
async function dataOf({ data, config: named }: RevokeFlags, command: Command): Promise<string> {
  const config = command.getOptionValueSource("data") === "default" ? await findConfig(named) : undefined;
  return config?.data === undefined ? data : pathFrom(config, config.data);
}
