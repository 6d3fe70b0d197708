/** From `syncline init` to a client that is let in and sent away: the command line as a self-hoster meets it. */
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import { synced, until } from "../support/clients.js";
import { stock, type StockClient } from "../support/door.js";
import { hs256, newSecret } from "../support/jwt.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { outputOf, syncline } from "./cli-outcome.js";

const closed = ({ provider }: StockClient) =>
  new Promise<{ code: number; reason: string }>((resolve) =>
    provider.on("closed", ({ code, reason }) => resolve({ code, reason })),
  );

/** A directory in which `syncline init` was run. */
async function initialized() {
  const directory = await tempDirectory();
  const said = await outputOf(["init"], { directory });
  const config = join(directory, "syncline.toml");
  const mint = async (...args: readonly string[]) => (await outputOf(["token", ...args], { directory })).trim();
  const serve = () => startServerProcess(join(directory, "data"), ["--config", config]);
  return { directory, config, said, mint, serve };
}

/** What is said of a configuration of this text. */
async function saidOf(text: string, files: Readonly<Record<string, string>> = {}) {
  const directory = await tempDirectory();
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  const config = join(directory, "c.toml");
  await writeFile(config, text);
  const { exitCode, output, errors } = await syncline(["serve", "--config", "c.toml"], { directory });
  expect([exitCode, output]).toEqual([1, ""]);
  return errors.trimEnd().replaceAll(`syncline: ${config}: `, "").split("\n");
}

test("init writes a file with a key of its own, for its owner alone, and says what is next", async () => {
  const [one, other] = [await initialized(), await initialized()];
  expect((await stat(one.config)).mode & 0o777).toBe(0o600);
  const secretIn = async ({ config }: typeof one) =>
    /^secret = "(.*)"$/m.exec(await readFile(config, "utf8"))?.[1] ?? "";
  const secret = await secretIn(one);
  expect(Buffer.from(secret, "base64url")).toHaveLength(32);
  expect(await secretIn(other)).not.toBe(secret);
  expect(one.said).toContain(`${one.config} is written`);
  for (const next of ["syncline serve", "syncline token --doc '**'", "syncline token --link"])
    expect(one.said).toContain(next);
  expect(one.said).not.toContain(secret);
});

test("a key that every user of the machine can read is pointed out when the server starts, and what to do", async () => {
  const { config, serve } = await initialized();
  const kept = await serve();
  expect(kept.output()).not.toContain("chmod");
  await kept.stop("SIGTERM");
  await chmod(config, 0o644);
  const open = await serve();
  expect(open.output()).toContain(`every user of this machine can read the key in that file: chmod 600 ${config}`);
});

test("init does not overwrite: a key may be in use", async () => {
  const { directory, config } = await initialized();
  const before = await readFile(config, "utf8");
  const { exitCode, errors } = await syncline(["init"], { directory });
  expect([exitCode, errors.trim().split("\n").length]).toEqual([1, 1]);
  expect(errors).toMatch(/it is there already; move it away first/);
  expect(await readFile(config, "utf8")).toBe(before);
});

test("init writes down where documents are to be, however that is written", async () => {
  const directory = await tempDirectory();
  const data = 'da"ta \\ ö';
  await outputOf(["init", "--data", data], { directory });
  await outputOf(["import", "plan", "-", "--data", data], { directory, input: Uint8Array.of(0, 0) });
  expect(await outputOf(["revoke", "--sub", "alice"], { directory })).toContain(join(directory, data));
});

test("a minted token opens what it is for; a client without one stays out", async () => {
  const { mint, serve } = await initialized();
  const { url, output } = await serve();
  expect(output()).toMatch(/configured by .*syncline\.toml\nclients need a token/);
  const alice = stock(url, "team/plan", await mint("--doc", "team/*", "--access", "write", "--sub", "alice"));
  const reader = stock(url, "team/plan", await mint("--link", "team/plan", "--access", "read", "--expires", "30d"));
  await Promise.all([alice, reader].map(synced));
  alice.text.insert(0, "hello");
  await until(reader.doc, () => reader.text.toString() === "hello");
  expect(await closed(stock(url, "team/plan", ""))).toMatchObject({ code: closeCodes.notAuthenticated });
  expect(await closed(stock(url, "other", await mint("--doc", "team/*", "--access", "read")))).toMatchObject({
    code: closeCodes.forbidden,
  });
});

test("a file in the directory that the server is started in is taken, and flags win over it", async () => {
  const { directory, config } = await initialized();
  await writeFile(config, 'port = 70000\nrelay = "immediate"\n');
  const { errors } = await syncline(["serve"], { directory });
  expect(errors).toBe(`syncline: ${config}: port takes a whole number from 0 to 65535\n`);
  await writeFile(config, 'port = 1\nhost = "192.0.2.1"\ndata = "./elsewhere"\n');
  const server = await startServerProcess(join(directory, "here"), ["--config", config, "--host", "127.0.0.1"]);
  expect(server.port).not.toBe(1);
  expect(server.output()).toContain(`documents are in ${join(directory, "here")}`);
});

test("with [auth] no --insecure is needed where others reach the server; without it is", async () => {
  const { config, mint } = await initialized();
  const data = await tempDirectory();
  const server = await startServerProcess(data, ["--config", config, "--host", "0.0.0.0"]);
  expect(server.output()).not.toMatch(/anyone who can reach/);
  const url = server.url.replace("0.0.0.0", "127.0.0.1");
  await synced(stock(url, "plan", await mint("--doc", "**", "--access", "write")));
  await writeFile(config, 'host = "0.0.0.0"\n');
  const { exitCode, errors } = await syncline(["serve", "--config", config, "--data", data, "--port", "0"]);
  expect([exitCode, errors]).toEqual([1, expect.stringMatching(/without authentication/)]);
});

test("paths in the file are from where it is", async () => {
  const directory = await tempDirectory();
  await mkdir(join(directory, "etc"));
  const config = join(directory, "etc", "syncline.toml");
  await outputOf(["init", "--config", config], { directory });
  expect(await readFile(config, "utf8")).toContain(`data = ${JSON.stringify(join(directory, "data"))}`);
});

test("each mistake in a configuration is a line: the file, the key, what it takes", async () => {
  const secret = newSecret();
  expect(await saidOf(`port = "x"\nrelay = "never"\n[auth]\nsecret = "${secret}"\nanonymous = "all"\n`)).toEqual([
    "port takes a whole number from 0 to 65535",
    'relay takes "durable" or "immediate"',
    'auth.anonymous takes "none", "presence", "read", "comment" or "write"',
  ]);
  expect(await saidOf('hots = "0.0.0.0"\n[auth]\nsecrte = "x"\n[limits]\nmaxUpdateBytes = 1\n')).toEqual([
    expect.stringMatching(/^there is no key auth\.secrte; \[auth\] takes secret, public_key_file, /),
    expect.stringMatching(
      /^there is no key limits\.maxUpdateBytes; \[limits\] takes max_frame_bytes, max_update_bytes, /,
    ),
    expect.stringMatching(/^there is no key hots; the file takes port, host, data, /),
  ]);
  expect(await saidOf("[limits]\nmax_update_bytes = 1.5\ncommit_interval_ms = -1\n")).toEqual([
    "limits.max_update_bytes takes a whole number above 0",
    "limits.commit_interval_ms takes a number that is 0 or more",
  ]);
});

test.each([
  ['[auth]\nsecret = "', /^line 2: /],
  ["[auth]\n", /^\[auth\] takes a secret, public_key_file, jwks_file or jwks_url$/],
  ['[auth]\nsecret = "dG9vIHNob3J0"\n', /^\[auth\] the secret has 9 bytes; HS256 takes one of at least 32 bytes/],
  ['[auth]\nsecret = "not base64!"\n', /^\[auth\] the secret is not base64url/],
  ['[auth]\njwks_url = "http://id.example.org/keys"\n', /^\[auth\] the address of a key set is an https:\/\/ URL/],
  ['[auth]\njwks_file = "nothing.json"\n', /^auth\.jwks_file cannot be read: ENOENT/],
  ['[auth]\njwks_file = "text"\n', /^auth\.jwks_file: text is not JSON/],
  ['[auth]\npublic_key_file = "text"\n', /^\[auth\] a public key cannot be read/],
  ['[auth]\npublic_key_file = ["nothing.pem"]\n', /^auth\.public_key_file cannot be read: ENOENT/],
  ['[tls]\ncert = "cert.pem"\n', /^tls\.key takes a PEM file/],
  ['origins = ["a.example/path"]\n', /^origins\.0 takes a list of origins/],
])("%j: one line, and nothing of a key", async (text, line) => {
  const said = await saidOf(text, { text: "text" });
  expect(said).toEqual([expect.stringMatching(line)]);
});

test("a configuration that is named and not there is an error, and nothing is served", async () => {
  const { exitCode, errors } = await syncline(["serve", "--config", "nothing.toml"], {
    directory: await tempDirectory(),
  });
  expect([exitCode, errors]).toEqual([1, expect.stringMatching(/^syncline: cannot read the configuration: ENOENT/)]);
});

test("token prints the token and nothing else, and says what is wrong in a line", async () => {
  const { directory, config, mint } = await initialized();
  const user = '{"name":"Alice"}';
  const token = await mint(
    "--doc",
    "a",
    "--doc",
    "b/**",
    "--access",
    "write",
    "--write",
    "notes",
    "--user",
    user,
    "--id",
    "t1",
  );
  const payload = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
  expect(payload).toMatchObject({
    docs: ["a", "b/**"].map((name) => ({ name, access: "write", write: ["notes"] })),
    user: { name: "Alice" },
    jti: "t1",
  });
  expect(Number(payload["exp"]) - Number(payload["iat"])).toBeCloseTo(3600, 3);
  for (const [args, message] of [
    [["--access", "read"], /--doc says which documents it is for/],
    [["--doc", "a"], /'--access <level>' not specified/],
    [["--doc", "a", "--access", "all"], /Allowed choices are presence, read, comment, write/],
    [["--doc", "a", "--access", "read", "--expires", "1w"], /30s, 15m, 1h, 30d/],
    [["--doc", "a", "--access", "read", "--expires", "0s"], /30s, 15m, 1h, 30d/],
    [["--doc", "a", "--access", "read", "--user", "[]"], /a JSON object/],
    [["--link", "a", "--access", "read", "--sub", "alice"], /a link has --access and --expires only/],
    [["--link", "a", "--doc", "b", "--access", "read"], /a link has --access and --expires only/],
    [["--link", "", "--access", "read"], /cannot be a document/],
  ] as const) {
    const { exitCode, output, errors } = await syncline(["token", ...args], { directory });
    expect([exitCode, output, errors]).toEqual([1, "", expect.stringMatching(message)]);
  }
  await writeFile(config, '[auth]\njwks_url = "https://id.example.org/keys"\n');
  const without = await syncline(["token", "--doc", "a", "--access", "read"], { directory });
  expect(without.errors).toMatch(/\[auth\] has no secret to make tokens with/);
  const nowhere = await syncline(["token", "--doc", "a", "--access", "read"], { directory: await tempDirectory() });
  expect(nowhere.errors).toMatch(/there is no syncline\.toml here; syncline init makes one/);
});

test("while a key is changed tokens of both are taken, and new ones are made with the new", async () => {
  const { config, directory, mint, serve } = await initialized();
  const old = await mint("--doc", "**", "--access", "write");
  const fresh = newSecret();
  const text = await readFile(config, "utf8");
  await writeFile(config, text.replace(/^secret = (".*")$/m, `secret = ["${fresh}", $1]`));
  const { url } = await serve();
  const minted = await mint("--doc", "**", "--access", "write");
  const [header, payload] = minted.split(".");
  expect(minted).not.toBe(old);
  expect(Buffer.from(payload ?? "", "base64url").toString()).toContain('"docs"');
  expect(header).toBeTruthy();
  await Promise.all(
    [old, minted, hs256({ docs: { "**": "read" } }, fresh)].map((token) => synced(stock(url, "a", token))),
  );
  await writeFile(join(directory, "syncline.toml"), text.replace(/^secret = ".*"$/m, `secret = "${fresh}"`));
  const next = await startServerProcess(await tempDirectory(), ["--config", config]);
  await synced(stock(next.url, "a", minted));
  expect(await closed(stock(next.url, "a", old))).toMatchObject({
    reason: expect.stringMatching(/signature is wrong/),
  });
});

test("revoke sends clients away at once, and what it said holds after a restart, and without a server", async () => {
  const { directory, mint, serve } = await initialized();
  const server = await serve();
  const data = ["--data", join(directory, "data")];
  const token = (sub: string) => mint("--doc", "**", "--access", "write", "--sub", sub, "--id", `of-${sub}`);
  const tokens = { alice: await token("alice"), bob: await token("bob"), carol: await token("carol") };
  const [alice, bob] = [stock(server.url, "plan", tokens.alice), stock(server.url, "plan", tokens.bob)];
  await Promise.all([alice, bob].map(synced));
  const end = closed(alice);
  expect(await outputOf(["revoke", "--sub", "alice", ...data])).toBe("revoked; 1 client was sent away\n");
  expect(await end).toEqual({ code: closeCodes.notAuthenticated, reason: "the access was revoked" });
  expect(await outputOf(["revoke", "--token-id", "of-nobody", ...data])).toBe("revoked; 0 clients were sent away\n");
  expect(bob.provider.wsconnected).toBe(true);
  await server.stop("SIGKILL");

  expect(await outputOf(["revoke", "--token-id", "of-bob", ...data])).toMatch(
    /^revoked in .*data; no server is running there$/m,
  );
  const next = await serve();
  for (const name of ["alice", "bob"] as const) {
    expect(await closed(stock(next.url, "plan", tokens[name]))).toMatchObject({ reason: "the access was revoked" });
  }
  const copy = join(directory, "copy");
  await outputOf(["backup", copy, ...data]);
  expect(await readFile(join(copy, "revocations.jsonl"), "utf8")).toMatch(/"alice"[^]*"of-bob"/);
  await synced(stock(next.url, "plan", tokens.carol));
  await synced(stock(next.url, "plan", await token("alice")));
  const { exitCode, errors } = await syncline(["revoke", ...data]);
  expect([exitCode, errors]).toEqual([1, "syncline: --sub, --token-id or --doc says whose access ends\n"]);
});

test("the demo does not go with a configuration that asks for tokens", async () => {
  const { directory } = await initialized();
  const { errors } = await syncline(["serve", "--demo", "--config", "syncline.toml", "--port", "0"], { directory });
  expect(errors).toMatch(/--demo lets everybody in: it does not go with \[auth\]/);
});
