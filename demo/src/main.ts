/** The demo: one room of the server that served this page, seen by two people at once. Wires, no more. */
import { SynclineError } from "@syncline/client";
import { BotsButton } from "./bots-button.js";
import { copyButton } from "./copy-button.js";
import { CrashButton } from "./crash/crash-button.js";
import type { ViewName } from "./document.js";
import { part } from "./dom.js";
import { editsInWords } from "./edit-words.js";
import { loadTheRestWhenIdle } from "./idle-loading.js";
import { twoPeople } from "./people.js";
import { addressIn, hashOf, type RoomAddress } from "./room-address.js";
import { freshRoom } from "./room-names.js";
import { Room } from "./room.js";
import { linkTo, ShareDialog } from "./share-dialog.js";
import { viewTabs } from "./view-tabs.js";
import { loadView } from "./views/catalogue.js";

// The page may be mounted under a path; so is the server, then.
const serverUrl = new URL(".", location.href).href.replace(/^http/, "ws");
const people = twoPeople();
const panel = part(document, "panes", HTMLElement);
const roomName = part(document, "room", HTMLElement);
const botsButton = part(document, "bots", HTMLButtonElement);
const shareDialog = new ShareDialog(document);
const report = part(document, "crash-report", HTMLElement);
const tabs = viewTabs(panel, (view) => {
  // Whoever goes somewhere themselves does not go after others.
  room?.stopFollowing();
  showView(view);
});

let address: RoomAddress = { room: freshRoom(), view: "code", isReadOnly: false };
let room: Room | undefined;
let bots: BotsButton | undefined;

function openRoom(): void {
  address = addressIn(location.hash) ?? { ...address, room: freshRoom(), isReadOnly: false };
  putInAddress();
  tabs.show(address.view);
  roomName.textContent = address.room;
  roomName.title = address.room;
  document.title = `${address.room} · Syncline`;
  document.body.dataset["access"] = address.isReadOnly ? "read" : "write";
  try {
    room = new Room({ serverUrl, address, people, template: paneTemplate(), onFollowInto: showView, onCode: showCode });
    panel.replaceChildren(...room.panes.map(({ element }) => element));
    crashButton.watch();
    bots = new BotsButton({
      button: botsButton,
      serverUrl,
      room: address.room,
      view: address.view,
      onNotLoaded: sayNotLoaded,
    });
  } catch (error) {
    if (!(error instanceof SynclineError)) throw error;
    document.body.dataset["access"] = "none";
    panel.replaceChildren(notice(`No room can have this name. ${error.message}`));
  }
}

function leaveRoom(): void {
  bots?.destroy();
  room?.destroy();
  bots = undefined;
  room = undefined;
  crashButton.watch();
  report.textContent = "";
}

function showView(view: ViewName): void {
  address = { ...address, view };
  putInAddress();
  tabs.show(view);
  if (bots) bots.view = view;
  if (room) room.view = view;
}

function showCode(): void {
  import("./code-dialog.js").then(
    ({ openCodeDialog }) => openCodeDialog({ view: address.view, room: address.room, serverUrl }),
    sayNotLoaded,
  );
}

function sayNotLoaded(): void {
  report.dataset["tone"] = "alarm";
  report.textContent = "This part of the page could not be loaded from the server. Reload the page when it is back.";
}

/** Without an event, and without a step for the back button. */
function putInAddress(): void {
  history.replaceState(null, "", hashOf(address));
}

function paneTemplate(): HTMLTemplateElement {
  const template = document.getElementById("pane");
  if (template instanceof HTMLTemplateElement) return template;
  throw new Error("index.html has no template for a pane");
}

function notice(text: string): HTMLElement {
  const element = document.createElement("p");
  element.className = "notice";
  element.textContent = text;
  return element;
}

function mayLeave(): boolean {
  const count = room?.unsavedCount ?? 0;
  const [are, them] = count === 1 ? ["is", "it"] : ["are", "them"];
  return count === 0 || confirm(`${editsInWords(count)} ${are} only in this browser. Leave the room and lose ${them}?`);
}

addEventListener("hashchange", () => {
  const next = addressIn(location.hash);
  if (next && next.room === address.room && next.isReadOnly === address.isReadOnly) return showView(next.view);
  if (!mayLeave()) return putInAddress();
  leaveRoom();
  openRoom();
});

addEventListener("beforeunload", (event) => {
  if ((room?.unsavedCount ?? 0) > 0) event.preventDefault();
});

copyButton(part(document, "copy", HTMLButtonElement), part(document, "copied", HTMLElement), () => linkTo(address));
part(document, "share", HTMLButtonElement).addEventListener("click", () => void shareDialog.open(address));

const crashButton = new CrashButton({
  button: part(document, "crash", HTMLButtonElement),
  report,
  serverUrl,
  room: () => address.room,
  subjects: () => room?.panes ?? [],
});

openRoom();
void loadView(address.view).then(loadTheRestWhenIdle, () => undefined);
