/** Whether others can reach an address, and what is said to a server that would listen there for anyone. */
import { SynclineError } from "./error.js";

/** @throws {SynclineError} `insecure-bind` when others than this machine can reach `host` */
export function assertNotExposed(host: string): void {
  if (isLoopback(host)) return;
  const message = `without authentication, anyone who can reach ${host} could read and change every document; have tokens asked for (syncline init writes what that takes), use a loopback address such as 127.0.0.1, or --insecure if that is what you want`;
  throw new SynclineError("insecure-bind", message);
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
