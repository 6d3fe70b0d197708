/** The demo: one room of the server that served this page, seen by two people at once. */
import { SynclineError } from "@syncline/client";
import { part } from "./dom.js";
import { Pane } from "./pane.js";
import { twoPeople } from "./people.js";
import { ShareLink } from "./share-link.js";

const serverUrl = location.origin.replace(/^http/, "ws");
const people = twoPeople();
const main = part(document, "panes", HTMLElement);
const shareLink = new ShareLink(document);

let room: string;
let panes: readonly Pane[] = [];

function openRoom(): void {
  room = shareLink.enterRoom();
  try {
    panes = people.map((person) => new Pane(paneTemplate(), { serverUrl, room, person }));
    main.replaceChildren(...panes.map(({ element }) => element));
  } catch (error) {
    if (!(error instanceof SynclineError)) throw error;
    main.replaceChildren(notice(`No room can have this name. ${error.message}`));
  }
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

function unsavedCount(): number {
  return panes.reduce((sum, pane) => sum + pane.unsavedCount, 0);
}

addEventListener("hashchange", () => {
  const question = `${unsavedCount()} edits are only in this browser. Leave the room and lose them?`;
  if (unsavedCount() > 0 && !confirm(question)) return shareLink.putInAddress(room);
  for (const pane of panes) pane.destroy();
  panes = [];
  openRoom();
});

addEventListener("beforeunload", (event) => {
  if (unsavedCount() > 0) event.preventDefault();
});

openRoom();
