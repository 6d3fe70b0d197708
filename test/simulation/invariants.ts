/** What must be so whatever happens: after a crash, and when everything has come to rest. */
import * as Y from "yjs";
import type { SimulatedClient } from "./client.js";
import { stateOf } from "./edits.js";
import { endEra } from "./eras.js";
import type { DocumentLedger } from "./ledger.js";
import { missingClock, type Promised } from "./promises.js";
import type { SimulatedServer } from "./server.js";
import { readStored, type Stored } from "./stored.js";
import { SynclineClient } from "./syncline-client.js";
import type { World } from "./world.js";

/** The server's process is gone: what is on its disk is what it will know. */
export async function assertNothingLost(world: World, server: SimulatedServer, when: string): Promise<void> {
  for (const ledger of world.ledgersOf(server)) {
    try {
      const stored = await readStored(server.disk, ledger.documentName, world.config.server.limits);
      if (ledger.isChanging) settleChange(world, ledger, stored);
      assertKept(world, ledger, stored, when);
    } catch (thrown) {
      if (!world.config.server.isCorrupting)
        world.trace.violate(`${when}, ${ledger.documentName} cannot be read: ${String(thrown)}`);
    }
  }
}

/** Whoever asked for it was told nothing: the disk says whether it has happened. */
function settleChange(world: World, ledger: DocumentLedger, stored: Stored): void {
  const { change } = ledger;
  const hasHappened =
    change?.kind === "delete"
      ? stored.isDeleted
      : change?.kind === "import"
        ? stored.doc.store.clients.has(change.clientId)
        : stored.generation !== undefined;
  if (hasHappened) endEra(world, ledger);
  else ledger.abandonChange();
}

function assertKept(world: World, ledger: DocumentLedger, { isDeleted, generation, doc }: Stored, when: string): void {
  if (world.config.server.isCorrupting) return;
  const violate = (rule: string) =>
    world.trace.violate(`${when}, ${ledger.documentName} on ${ledger.serverName}: ${rule}`);
  if (ledger.isDeleted !== isDeleted) violate(isDeleted ? "there is a tombstone" : "its tombstone is gone");
  if (isDeleted && generation !== undefined) violate("it is there, and so is its tombstone");
  const keys = generation === undefined ? [ledger.eraKey] : [ledger.eraKey, generation];
  for (const key of keys) {
    const missing = ledger.isDeleted ? undefined : ledger.promisedTo(key).missingFrom(doc);
    if (missing !== undefined) violate(`what was promised in ${key} is lost: ${missing}`);
  }
  for (const client of ledger.buried) if (doc.store.clients.has(client)) violate(`content of client ${client} is back`);
  const withheld = ledger.withheldIn(doc);
  if (withheld !== undefined) violate(`what may not be written is there: ${withheld}`);
}

/** What a server hands out holds what it had promised. */
export function assertFits(
  world: World,
  { documentName }: DocumentLedger,
  { update, promised }: { readonly update: Uint8Array; readonly promised: Promised },
): void {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  const missing = world.config.server.isCorrupting ? undefined : promised.missingFrom(doc);
  if (missing !== undefined) world.trace.violate(`the export of ${documentName} lacks something: ${missing}`);
}

/** Who may not come back was told so for a reason. */
export function assertStopsAreDue(world: World): void {
  for (const { stopped, ledger, name } of world.clients) {
    if (!stopped) continue;
    const isDue =
      [4404, 4409].includes(stopped.code) && (ledger.era > 0 || ledger.isChanging || world.config.server.isCorrupting);
    if (!isDue) world.trace.violate(`${name} was closed for good with ${stopped.code}: ${stopped.reason}`);
  }
}

/** What a world that is left in peace comes to. `undefined` when it has come to rest. */
export function unrest(world: World): string | undefined {
  for (const ledger of world.ledgers) {
    if (ledger.isChanging) return `${ledger.documentName} is being changed`;
    const clients = world.clientsOf(ledger).filter(({ stopped }) => stopped === undefined);
    const first = clients.find(({ hasStrayed }) => !hasStrayed);
    for (const client of clients) {
      if (!client.isConnected || !client.isSettled) return client.describe();
      if (first && !agrees(client, first.doc)) return `${first.name} and ${client.name} differ`;
    }
  }
  const server = world.servers.find(
    ({ engine }) => engine === undefined || engine.backlogBytes > 0 || !engine.isHealthy,
  );
  return server && `${server.name} has not everything on its disk`;
}

/** Who has edited what it may only read sees that, too: it must have all that there is. */
function agrees({ doc, hasStrayed }: SimulatedClient, reference: Y.Doc): boolean {
  return hasStrayed ? missingClock(clocksOf(reference), clocksOf(doc)) === undefined : isAlike(reference, doc);
}

function clocksOf(doc: Y.Doc): Map<number, number> {
  return Y.decodeStateVector(Y.encodeStateVector(doc));
}

function isAlike(left: Y.Doc, right: Y.Doc): boolean {
  if (left === right) return true;
  // Most that differ differ in this, and it costs less.
  const clocks = clocksOf(right);
  for (const [client, clock] of clocks) if (Y.getState(left.store, client) !== clock) return false;
  return left.store.clients.size === clocks.size && stateOf(left) === stateOf(right);
}

/** Everybody sees the same, and it is what the disk holds. */
export async function assertConverged(world: World): Promise<void> {
  for (const ledger of world.ledgers) {
    const server = world.serverOf(ledger);
    const clients = world.clientsOf(ledger).filter(({ stopped }) => stopped === undefined);
    assertOneRoom(world, ledger, clients);
    if (ledger.isDeleted) continue;
    const stored = await storedDocument(world, server, ledger);
    for (const client of clients) {
      if (agrees(client, stored)) continue;
      const different = difference(stateOf(client.doc), stateOf(stored));
      world.trace.violate(`${client.name} sees ${different} of ${ledger.documentName} on disk`);
    }
  }
}

/** Where there may be damage that nobody has come upon yet, what the clients see is compared with what one of them sees. */
async function storedDocument(world: World, server: SimulatedServer, ledger: DocumentLedger): Promise<Y.Doc> {
  const first = world.clientsOf(ledger).find(({ stopped, hasStrayed }) => stopped === undefined && !hasStrayed);
  if (world.config.server.isCorrupting && first) return first.doc;
  return (await readStored(server.disk, ledger.documentName, world.config.server.limits)).doc;
}

function assertOneRoom(world: World, { documentName }: DocumentLedger, clients: readonly SimulatedClient[]): void {
  const rooms = new Set(clients.flatMap((client) => (client instanceof SynclineClient ? [client.room] : [])));
  if (rooms.size > 1) world.trace.violate(`${documentName} has several rooms: ${[...rooms].join(", ")}`);
}

function difference(seen: string, stored: string): string {
  let at = 0;
  while (seen[at] === stored[at]) at += 1;
  const from = Math.max(0, at - 80);
  return `…${seen.slice(from, at + 120)}… instead of …${stored.slice(from, at + 120)}…`;
}
