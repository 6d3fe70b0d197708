/**
 * How servers are spoken to: the same sync and awareness messages of Yjs, in different wrappings. Frames are masked and ready for
 * the socket.
 */
import * as encoding from "lib0/encoding";
import { clientFrame } from "./frames.mjs";
import { awarenessMessage, message, step1, step2, syncMessage, update } from "./sync-messages.mjs";

/** @typedef {"sync" | "awareness" | "auth" | "close" | "other"} MessageKind */
/** @typedef {(name: string, content: Uint8Array) => Buffer} Frame */

/**
 * @typedef {object} Dialect
 * @property {boolean} namesDocument Messages hold the document's name: a frame is good for one document only.
 * @property {(name: string) => string} path What is asked for when connecting.
 * @property {(name: string) => Uint8Array} prefix What stands before the type in every message of a document, from either side.
 * @property {(name: string) => Uint8Array | undefined} greetingMessage What has to be sent before anything else, not framed.
 * @property {(type: number) => MessageKind} kindOf Of a message from the server.
 * @property {number} denied What follows the type of an auth message that refuses; the reason follows, as a string.
 * @property {(name: string) => Buffer} greeting Empty where nothing has to be sent.
 * @property {Frame} step1Frame Of a state vector.
 * @property {Frame} step2Frame Of an update, the answer to the server's step1.
 * @property {Frame} updateFrame
 * @property {Frame} awarenessFrame Of an awareness update.
 */

/** @type {(own: Pick<Dialect, "namesDocument" | "path" | "prefix" | "greetingMessage" | "kindOf" | "denied">) => Dialect} */
function dialect(own) {
  const { prefix } = own;
  const syncFrame = (/** @type {number} */ step) => (/** @type {string} */ name, /** @type {Uint8Array} */ content) =>
    clientFrame(message(prefix(name), [syncMessage, step], content));
  return {
    ...own,
    greeting: (name) => {
      const greeting = own.greetingMessage(name);
      return greeting ? clientFrame(greeting) : Buffer.alloc(0);
    },
    step1Frame: syncFrame(step1),
    step2Frame: syncFrame(step2),
    updateFrame: syncFrame(update),
    awarenessFrame: (name, content) => clientFrame(message(prefix(name), [awarenessMessage], content)),
  };
}

const nothing = new Uint8Array(0);

/** The document is in the path; messages are y-protocols' alone. */
export const yWebsocket = dialect({
  namesDocument: false,
  path: (name) => `/${encodeURIComponent(name)}`,
  prefix: () => nothing,
  greetingMessage: () => undefined,
  kindOf: (type) => (type === 0 ? "sync" : type === 1 ? "awareness" : type === 2 ? "auth" : "other"),
  denied: 0,
});

/** By type. 4 is a sync message that asks for no step1 in return; 8, the acknowledgement of every update, is among the others. */
const hocuspocusKinds = /** @type {readonly MessageKind[]} */ ([
  "sync",
  "awareness",
  "auth",
  "other",
  "sync",
  "other",
  "other",
  "close",
]);

/** Hocuspocus 4: many documents on one socket, so each message begins with a name, and a document with a token. */
export const hocuspocus = dialect({
  namesDocument: true,
  path: () => "/",
  prefix: (name) => encoding.encode((encoder) => encoding.writeVarString(encoder, name)),
  greetingMessage: (name) =>
    encoding.encode((encoder) => {
      encoding.writeVarString(encoder, name);
      // Auth, a token, which is empty.
      encoding.writeVarUint(encoder, 2);
      encoding.writeVarUint(encoder, 0);
      encoding.writeVarString(encoder, "");
    }),
  kindOf: (type) => hocuspocusKinds[type] ?? "other",
  denied: 1,
});
