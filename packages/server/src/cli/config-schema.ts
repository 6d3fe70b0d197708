/** What may stand in a configuration file. Every key is known, and each says what it takes. */
import { z } from "zod";
import { isOriginPattern } from "../adapters/allowed-origins.js";
import { isProxyPattern } from "../adapters/trusted-proxies.js";
import { algorithms } from "../auth/verification-key.js";
import { limitsSchema } from "../options.js";

const text = z.string().min(1);
const texts = z.union([text, z.array(text).min(1)]);

const authSchema = z.strictObject({
  secret: texts.optional(),
  public_key_file: texts.optional(),
  jwks_file: text.optional(),
  jwks_url: text.optional(),
  algorithms: z.array(z.enum(algorithms)).min(1).optional(),
  issuer: texts.optional(),
  audience: texts.optional(),
  anonymous: z.enum(["none", "presence", "read", "comment", "write"]).default("none"),
  client_ids: z.enum(["enforce", "log"]).optional(),
});

/** As the limits of a server, in snake_case. */
const limitKeys = new Map(Object.keys(limitsSchema.shape).map((key) => [snakeCase(key), key]));

const limitsByKey = z.strictObject(
  Object.fromEntries(
    Object.entries(limitsSchema.shape).map(([key, schema]) => [snakeCase(key), schema.unwrap().optional()]),
  ),
);

export const configSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535).optional(),
  host: text.optional(),
  data: text.optional(),
  relay: z.enum(["durable", "immediate"]).optional(),
  log: z.enum(["debug", "info", "warn", "error", "silent"]).optional(),
  origins: z.array(z.string().refine(isOriginPattern)).optional(),
  trusted_proxies: z.array(z.string().refine(isProxyPattern)).optional(),
  tls: z.strictObject({ cert: text, key: text }).optional(),
  auth: authSchema.optional(),
  limits: limitsByKey.optional(),
});

export type ConfigValues = z.infer<typeof configSchema>;
export type AuthConfig = z.infer<typeof authSchema>;

/** Below the names of tables: what each key takes. */
const taken: Readonly<Record<string, string>> = {
  port: "a whole number from 0 to 65535",
  host: "an address of this machine, as a text",
  data: "a directory, as a text",
  relay: '"durable" or "immediate"',
  log: '"debug", "info", "warn", "error" or "silent"',
  origins: 'a list of origins: "https://a.example" without a path, "https://*.a.example", "null" or "*"',
  trusted_proxies: 'a list of addresses, networks such as "10.0.0.0/8", or "loopback"',
  tls: "a table [tls] with cert and key",
  "tls.cert": "a PEM file, as a text",
  "tls.key": "a PEM file, as a text",
  auth: "a table [auth]",
  "auth.secret": "a text of at least 32 bytes as base64url, or a list of such",
  "auth.public_key_file": "a PEM file, as a text, or a list of such",
  "auth.jwks_file": "a file, as a text",
  "auth.jwks_url": "an https address, as a text",
  "auth.algorithms": `a list of ${algorithms.join(", ")}`,
  "auth.issuer": "a text, or a list of texts",
  "auth.audience": "a text, or a list of texts",
  "auth.anonymous": '"none", "presence", "read", "comment" or "write"',
  "auth.client_ids": '"enforce" or "log"',
  limits: "a table [limits]",
};

/** One line a mistake: which key, and what it takes. Values are not quoted, as one may be a secret. */
export function mistakesIn({ issues }: z.ZodError): string[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code === "unrecognized_keys") return issue.keys.map((key) => unknownKey([...path, key]));
    const key = [path.slice(0, 2).join("."), path[0] ?? ""].find((name) => name in taken) ?? path.join(".");
    return [
      `${path.slice(0, 2).join(".")} takes ${path[0] === "limits" && path.length > 1 ? limitTaken(path) : taken[key]}`,
    ];
  });
}

function limitTaken([, key = ""]: readonly string[]): string {
  const takesFractions = limitsByKey.shape[key]?.safeParse(0.5).success;
  return takesFractions ? "a number that is 0 or more" : "a whole number above 0";
}

function unknownKey(path: readonly string[]): string {
  const table = path.slice(0, -1).join(".");
  const known = knownKeys[table];
  const where = table === "" ? "the file" : `[${table}]`;
  return `there is no key ${path.join(".")}; ${where} takes ${known?.join(", ") ?? "none"}`;
}

const knownKeys: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(configSchema.shape),
  tls: ["cert", "key"],
  auth: Object.keys(authSchema.shape),
  limits: [...limitKeys.keys()],
};

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** As a server's option takes them. */
export function limitsOf(limits: ConfigValues["limits"] = {}): Readonly<Record<string, number>> {
  const entries = Object.entries(limits).flatMap(([key, value]) =>
    value === undefined ? [] : [[limitKeys.get(key) ?? key, value] as const],
  );
  return Object.fromEntries(entries);
}
