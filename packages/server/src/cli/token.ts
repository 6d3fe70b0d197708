/** `syncline token`: one token, or one link, on standard output. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { checkedNewName } from "../adapters/control-wire.js";
import type { AccessWord } from "../auth/claims.js";
import { mintToken } from "../auth/mint.js";
import { signLink } from "../auth/signed-link.js";
import { SynclineError } from "../error.js";
import { ConfigMistakes, configFileName, configOption, findConfig, type Config } from "./config.js";
import { duration } from "./duration.js";

interface TokenFlags {
  readonly doc: readonly string[];
  readonly link?: string;
  readonly access: Exclude<AccessWord, "none">;
  readonly expires: number;
  readonly sub?: string;
  readonly id?: string;
  readonly user?: Readonly<Record<string, unknown>>;
  readonly write: readonly string[];
  readonly presence: boolean;
  readonly config?: string;
}

const after = `
Patterns: * is any characters but "/", ** any characters. Of several that name a document the most exact one counts.
A link is for one document, and needs no JWT: docs/AUTHENTICATION.md shows how any program makes them.`;

export function addToken(program: Command): void {
  program
    .command("token")
    .description("make a token, or with --link a link, and print it")
    .addOption(repeatable("--doc <pattern>", "the documents it is for, by name or pattern"))
    .option("--link <document>", "make a link for this one document instead")
    .addOption(
      new Option("--access <level>", "what it allows")
        .choices(["presence", "read", "comment", "write"])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option("--expires <time>", "how long it lasts: 30s, 15m, 1h, 30d")
        .argParser(duration)
        .default(duration("1h"), "1h"),
    )
    .option("--sub <subject>", "whose it is, the same on all of their devices")
    .option("--id <name>", "its own name, to revoke this one by (default: a random one)")
    .option("--user <json>", 'what others see of them: \'{"name":"Alice"}\'', jsonObject)
    .addOption(repeatable("--write <root>", "with comment or write: only this root type may be changed"))
    .option("--no-presence", "the others do not see them")
    .addOption(configOption())
    .addHelpText("after", after)
    .action(printToken);
}

async function printToken(flags: TokenFlags): Promise<void> {
  assertOneKind(flags);
  const config = await findConfig(flags.config);
  if (!config) {
    const message = `there is no ${configFileName} here; syncline init makes one, --config says where it is`;
    throw new SynclineError("invalid-option", message);
  }
  const secret = secretIn(config);
  console.log(flags.link === undefined ? await tokenFor(flags, config, secret) : linkFor(flags, flags.link, secret));
}

function assertOneKind({ doc, link, sub, id, user, write, presence }: TokenFlags): void {
  if (link === undefined && doc.length > 0) return;
  if (link === undefined) {
    throw new SynclineError(
      "invalid-option",
      "--doc says which documents it is for: --doc 'team/*', --doc '**' for all",
    );
  }
  const isPlain = sub === undefined && id === undefined && user === undefined && write.length === 0 && presence;
  if (doc.length > 0 || !isPlain) {
    throw new SynclineError(
      "invalid-option",
      "a link has --access and --expires only: for more, make a token with --doc",
    );
  }
  checkedNewName(link);
}

function secretIn({ file, auth }: Config): string {
  const [secret] = [auth?.secret ?? []].flat();
  if (secret !== undefined) return secret;
  throw new ConfigMistakes(file, [
    "[auth] has no secret to make tokens with: whoever has the private key makes them, or add a secret",
  ]);
}

function tokenFor(flags: TokenFlags, { auth }: Config, secret: string): Promise<string> {
  const { doc, access, write, presence, expires: lifetimeMs, sub: subject, id: tokenId, user } = flags;
  const isShort = write.length === 0 && presence;
  const claims = { access, ...(write.length > 0 && { write }), ...(!presence && { presence }) };
  const docs = isShort
    ? Object.fromEntries(doc.map((name) => [name, access]))
    : doc.map((name) => ({ name, ...claims }));
  const [issuer] = [auth?.issuer ?? []].flat();
  const [audience] = [auth?.audience ?? []].flat();
  const token = { docs, lifetimeMs, subject, tokenId, user, issuer, audience };
  return mintToken(token, { secret, algorithms: auth?.algorithms });
}

function linkFor({ access, expires: lifetimeMs }: TokenFlags, documentName: string, secret: string): string {
  const issued = Math.floor(Date.now() / 1000);
  return signLink({ documentName, access, issued, expires: issued + lifetimeMs / 1000 }, secret);
}

function jsonObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Said below.
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new InvalidArgumentError('It is a JSON object, such as \'{"name":"Alice"}\'.');
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([], "none");
}
