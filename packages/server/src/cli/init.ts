/** `syncline init`: a configuration to start from, with a key that nobody else has. */
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { stringify } from "smol-toml";
import { messageOf, SynclineError } from "../error.js";
import { configFileName, configOption } from "./config.js";
import { dataOption, type DataFlags } from "./flags.js";

interface InitFlags extends DataFlags {
  readonly config?: string;
}

const secretByteCount = 32;

export function addInit(program: Command): void {
  program
    .command("init")
    .description(`write ${configFileName} with a fresh key: clients then need a token`)
    .addOption(dataOption())
    .addOption(configOption())
    .action(init);
}

async function init({ data, config = configFileName }: InitFlags): Promise<void> {
  const file = resolve(config);
  // Paths in the file are from where it is.
  const isHere = dirname(file) === process.cwd();
  const secret = randomBytes(secretByteCount).toString("base64url");
  try {
    await writeFile(file, configText({ data: isHere ? data : resolve(data), secret }), { mode: 0o600, flag: "wx" });
  } catch (cause) {
    const isThere = cause instanceof Error && "code" in cause && cause.code === "EEXIST";
    const what = isThere ? "it is there already; move it away first, its key may be in use" : messageOf(cause);
    throw new SynclineError("invalid-option", `cannot write ${file}: ${what}`, { cause });
  }
  const named = isHere && config === configFileName ? "" : ` --config ${config}`;
  console.log(
    [
      `${file} is written, with a fresh key. Only you can read it: keep it so.`,
      `start the server:          syncline serve${named}`,
      `make a token for a client: syncline token${named} --doc '**' --access write --sub alice --expires 1h`,
      `or a link for a document:  syncline token${named} --link my-document --access read --expires 30d`,
    ].join("\n"),
  );
}

function configText({ data, secret }: { readonly data: string; readonly secret: string }): string {
  return `# Syncline's configuration. "syncline serve" takes it from the directory that it is started in, or from --config.
# Flags and environment variables win over what is here. Paths are from where this file is.

# The address to listen on. "0.0.0.0" lets other machines in; with [auth] below, only who brings a token gets further.
host = "127.0.0.1"

# Where to listen.
port = 1234

# Where documents are kept.
${stringify({ data }).trim()}

# When others see an edit: "durable" is once it is on disk, "immediate" is at once, and a power cut may take it back.
relay = "durable"

# What to write to standard error: "debug", "info", "warn", "error" or "silent".
log = "warn"

# Web pages of other hosts that may connect. Without this line: those of the server's own host.
# origins = ["https://app.example.org"]

# Proxies before this server, whose X-Forwarded-For and X-Forwarded-Host are believed.
# trusted_proxies = ["loopback"]

# Who may do what: docs/AUTHENTICATION.md. Without this table anybody who reaches the server may do everything.
[auth]

# Tokens and links are signed with this. Whoever has it can make a token for every document. To change it without sending
# anybody away, make it a list, the new one first: ["new", "old"], and drop the old one when its tokens have expired.
secret = "${secret}"

# Keys of somebody else who makes tokens, an identity provider say; besides the secret or in its place.
# public_key_file = "./public.pem"
# jwks_file = "./jwks.json"
# jwks_url = "https://id.example.org/.well-known/jwks.json"

# What tokens may be signed with. Without this line: what each key is for.
# algorithms = ["HS256"]

# Who has to have made a token (iss), and whom it has to be for (aud). Without these lines: anyone.
# issuer = "https://id.example.org"
# audience = "syncline"

# What who brings no token may do in every document: "none", "presence", "read", "comment" or "write".
anonymous = "none"

# Edits under a Yjs client id that is somebody else's: refused, or with "log" only counted, where people pass on each other's.
# client_ids = "log"

# Speak TLS (wss). The files are read again when they change.
# [tls]
# cert = "./cert.pem"
# key = "./key.pem"

# How much: every limit of a server, in snake_case.
# [limits]
# max_update_bytes = 4194304
`;
}
