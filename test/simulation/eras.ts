/** When an era of a document ends: who of those who knew it may stay, and what begins. */
import type { SimulatedClient } from "./client.js";
import type { DocumentLedger } from "./ledger.js";
import type { World } from "./world.js";

/** What was being done to the document has happened. */
export function endEra(world: World, ledger: DocumentLedger): void {
  const { change } = ledger;
  // Nobody can have heard of the next generation yet.
  const clients = world.clients.filter((client) => client.ledger === ledger);
  const fresh = new Set(clients.filter((client) => isFresh(client)).map(({ doc }) => doc.clientID));
  const clientIds = clients.flatMap((client) => [...client.clientIds]).filter((id) => !fresh.has(id));
  // Of y-websocket there are none now. What is still on its way to the others may be of the era that ends.
  const isMidway = (client: SimulatedClient) => client.isUnbound && client.isConnected;
  const leaving = world.clientsOf(ledger).filter((client) => !client.knowsGeneration || isMidway(client));
  if (change?.kind === "import") for (const client of leaving) if (client.stopped === undefined) client.close();
  ledger.endEra(world.scheduler.nowMs, clientIds);
  if (change?.kind === "import") ledger.promisedTo(ledger.eraKey).add(change.update);
}

/** It has nothing, or nothing but what is its own and that it was never told to be of a generation. */
function isFresh(client: SimulatedClient): boolean {
  if (client.isGone || client.stopped !== undefined) return false;
  const ids = [...client.doc.store.clients.keys()];
  return ids.length === 0 || (client.isUnbound && ids.every((id) => id === client.doc.clientID));
}

/**
 * A client that was never told of a generation may bring what it has to the next one: it has not seen that there was another.
 * So may any of y-websocket that does not come while there is a tombstone. So here they leave before, and what they sent has
 * arrived. docs/SIMULATION.md has more on this. False when that cannot be done now.
 */
export function dismissForgetful(world: World, ledger: DocumentLedger): boolean {
  const forgetful = forgetfulOf(world, ledger);
  if (forgetful.some(({ isConnecting }) => isConnecting)) return false;
  for (const client of forgetful) client.close();
  return true;
}

function forgetfulOf(world: World, ledger: DocumentLedger): SimulatedClient[] {
  return world.clientsOf(ledger).filter((client) => client.stopped === undefined && !client.knowsGeneration);
}
