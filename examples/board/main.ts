import { SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import * as Y from "yjs";
import { nameIn, paint } from "./paint.js";
import { drawWith } from "./pen.js";
import { undoByKeys } from "./undo-keys.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-board", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

const doc = new Y.Doc();
const strokes = doc.getArray("strokes");
const provider = new SynclineProvider(server, room, doc, { offline: indexedDb() });
const { awareness } = provider;
awareness.setLocalStateField("user", { name, color });

const canvas = document.querySelector("#board") as HTMLCanvasElement;
const people = document.querySelector("#people") as HTMLElement;
function show() {
  const others = [...awareness.getStates()].filter(([id]) => id !== doc.clientID).map(([, state]) => state);
  paint(canvas, strokes.toJSON(), others);
  people.textContent = others.map(nameIn).join(", ");
  canvas.ariaLabel = `Lines on the board: ${strokes.length}`;
}
strokes.observeDeep(show);
awareness.on("change", show);
undoByKeys(strokes);
drawWith(canvas, { strokes, color, onMove: (pointer) => awareness.setLocalStateField("board", { pointer }) });

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
