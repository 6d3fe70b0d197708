/** Somebody deletes a document, creates it anew, replaces it, repairs it, exports it: through the engine, as an embedder does. */
import * as Y from "yjs";
import { endEra, dismissForgetful } from "./eras.js";
import { assertFits } from "./invariants.js";
import type { Change, DocumentLedger } from "./ledger.js";
import type { Person } from "./people.js";
import type { World } from "./world.js";

/** What was refused for another reason than the document's is asked for again. */
const askAgainMs = 500;

/** Asks until it is done, or the process that was asked is gone. */
export function changeDocument(world: World, ledger: DocumentLedger, kind: Change["kind"]): void {
  if (ledger.isChanging || !world.serverOf(ledger).engine) return;
  if (kind === "recreate" ? !ledger.isDeleted : ledger.isDeleted) return;
  if (kind === "delete" && !isWritten(world, ledger)) return;
  if (kind !== "delete" && !dismissForgetful(world, ledger)) return;
  world.scheduler.note(`${ledger.documentName}: ${kind}`);
  world.trace.count(`${kind}s`);
  ledger.beginChange(kind === "import" ? importOf(world) : { kind });
  ask(world, ledger);
}

function ask(world: World, ledger: DocumentLedger): void {
  const { change } = ledger;
  if (!change) return;
  const { engine } = world.serverOf(ledger);
  const again = () => void world.scheduler.after(askAgainMs, `${ledger.documentName}: again`, () => ask(world, ledger));
  if (!engine) return again();
  const { documentName } = ledger;
  const { documents } = engine;
  const asked =
    change.kind === "delete"
      ? documents.delete(documentName)
      : change.kind === "import"
        ? documents.import(documentName, [change.update], { replace: true })
        : documents.recreate(documentName);
  asked.then(
    () => {
      if (ledger.change === change) done(world, ledger, change);
    },
    (thrown: unknown) => {
      if (ledger.change !== change) return;
      world.scheduler.note(`${ledger.documentName}: ${change.kind} failed: ${String(thrown)}`);
      const code = codeOf(thrown);
      // What was refused before may have happened all the same.
      if (code === "document-not-found" || code === "document-exists") done(world, ledger, change);
      else if (code === "data-corrupt" && !world.config.server.isCorrupting) world.trace.violate(String(thrown));
      else again();
    },
  );
}

function done(world: World, ledger: DocumentLedger, change: Change): void {
  endEra(world, ledger);
  world.scheduler.note(`${ledger.documentName}: ${change.kind} done, ${ledger.eraKey}`);
}

function importOf(world: World): Extract<Change, { kind: "import" }> {
  const doc = new Y.Doc();
  doc.clientID = world.newClientId();
  doc.getText("text").insert(0, "imported");
  return { kind: "import", clientId: doc.clientID, update: Y.encodeStateAsUpdate(doc) };
}

/** Nothing is lost by a repair of what is sound. */
export function repairDocument(world: World, ledger: DocumentLedger): void {
  const { engine } = world.serverOf(ledger);
  if (!engine || ledger.isDeleted || ledger.isChanging || !isWritten(world, ledger)) return;
  world.trace.count("repairs");
  world.scheduler.note(`${ledger.documentName}: repair`);
  engine.documents.repair(ledger.documentName).then(
    ({ problems }) => {
      if (problems.length > 0 && !world.config.server.isCorrupting) {
        world.trace.violate(`a repair of ${ledger.documentName} set aside ${JSON.stringify(problems)}`);
      }
    },
    (thrown: unknown) => world.scheduler.note(`${ledger.documentName}: repair failed: ${String(thrown)}`),
  );
}

/** Repairing what never was is another matter. */
function isWritten(world: World, ledger: DocumentLedger): boolean {
  return world.serverOf(ledger).disk.visible.get(`p${ledger.documentName}\0`) !== undefined;
}

export function exportDocument(world: World, ledger: DocumentLedger): void {
  const { engine } = world.serverOf(ledger);
  if (!engine || ledger.isDeleted || ledger.isChanging) return;
  world.trace.count("exports");
  const { era } = ledger;
  const promised = ledger.promisedTo(ledger.eraKey).clone();
  engine.documents.export(ledger.documentName).then(
    (update) => {
      if (ledger.era === era && !ledger.isChanging) assertFits(world, ledger, { update, promised });
    },
    (thrown: unknown) => world.scheduler.note(`${ledger.documentName}: export failed: ${String(thrown)}`),
  );
}

/** Somebody may only read from now on: in effect once the server has looked at all who are there. */
export function demote(world: World, person: Person): void {
  world.scheduler.note(`${person.name} may only read`);
  world.trace.count("demotions");
  person.demote();
  void reauthorizeAll(world, person).then(() => {
    if (person.access === "write") return;
    for (const client of world.clients) if (client.person === person) client.demoted();
  });
}

export function promote(world: World, person: Person): void {
  world.scheduler.note(`${person.name} may write again`);
  world.trace.count("promotions");
  person.promote();
  for (const client of world.clients) if (client.person === person) client.promoted();
  void reauthorizeAll(world, person);
}

/** A server that is not there, or dies over it, asks whoever comes to the next. */
async function reauthorizeAll({ servers, config }: World, { name }: Person): Promise<void> {
  const whom = config.people.areKnown ? { subject: name } : {};
  await Promise.all(servers.map(({ engine }) => engine?.reauthorize(whom)));
}

function codeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null && "code" in thrown ? thrown.code : undefined;
}
