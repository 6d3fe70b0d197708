/** What a configuration's `[auth]` makes of a server: whose tokens it takes. */
import { readFile } from "node:fs/promises";
import { jwtAuthorize, type JwtAuthorizeOptions } from "../auth/jwt.js";
import { signedLinkAuthorize } from "../auth/signed-link.js";
import type { Authorize } from "../connection/authorize.js";
import { messageOf, SynclineError } from "../error.js";
import { ConfigMistakes, pathFrom, type Config } from "./config.js";
import type { AuthConfig } from "./config-schema.js";

/** `undefined` without `[auth]`: nobody is asked. @throws {ConfigMistakes} */
export async function authorizeIn(config: Config | undefined): Promise<Authorize | undefined> {
  if (!config?.auth) return undefined;
  const { secret, public_key_file, jwks_file, jwks_url } = config.auth;
  if ([secret, public_key_file, jwks_file, jwks_url].every((key) => key === undefined)) {
    throw new ConfigMistakes(config.file, ["[auth] takes a secret, public_key_file, jwks_file or jwks_url"]);
  }
  const jwt = await jwtOptions(config, config.auth);
  try {
    const authorize = jwtAuthorize(jwt);
    return secret === undefined ? authorize : signedLinkAuthorize({ secret, otherwise: authorize });
  } catch (thrown) {
    if (thrown instanceof SynclineError) throw new ConfigMistakes(config.file, [`[auth] ${thrown.message}`]);
    throw thrown;
  }
}

async function jwtOptions(config: Config, auth: AuthConfig): Promise<JwtAuthorizeOptions> {
  const { secret, algorithms, issuer, audience, anonymous, jwks_url: jwksUrl } = auth;
  const publicKey = await Promise.all(
    [auth.public_key_file ?? []].flat().map((path) => textIn(config, "public_key_file", path)),
  );
  const jwks = auth.jwks_file === undefined ? undefined : await jwksIn(config, auth.jwks_file);
  return { secret, publicKey, jwks, jwksUrl, algorithms, issuer, audience, anonymous };
}

async function jwksIn(config: Config, path: string): Promise<JwtAuthorizeOptions["jwks"]> {
  const text = await textIn(config, "jwks_file", path);
  try {
    // What it holds is checked where keys are made of it.
    return JSON.parse(text) as JwtAuthorizeOptions["jwks"];
  } catch (thrown) {
    throw new ConfigMistakes(config.file, [`auth.jwks_file: ${path} is not JSON (${messageOf(thrown)})`]);
  }
}

async function textIn(config: Config, key: string, path: string): Promise<string> {
  try {
    return await readFile(pathFrom(config, path), "utf8");
  } catch (thrown) {
    throw new ConfigMistakes(config.file, [`auth.${key} cannot be read: ${messageOf(thrown)}`]);
  }
}
