/** Messages of the y-websocket dialect that are malformed, unknown, or too many. */
import { overLong } from "../fixtures/update-builder.js";
import { closed, ignored, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { StockStranger } from "./stranger.js";

/** A member sends them as they are. */
function sends(...frames: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.open(arena);
    stranger.send(...frames);
    return stranger.answer();
  };
}

const bytes = (...values: readonly (number | readonly number[])[]) => Uint8Array.from(values.flat());
const MiB = 1024 * 1024;
const huge = [255, 255, 255, 255, 255, 255, 255, 15];

const malformed: HostileCase[] = [
  { name: "an empty frame", attack: sends(bytes()), answer: closed(4400, /bytes end/) },
  { name: "a sync message without a kind", attack: sends(bytes(0)), answer: closed(4400, /bytes end/) },
  { name: "a sync message without a body", attack: sends(bytes(0, 2)), answer: closed(4400, /bytes end/) },
  { name: "a sync message of an unknown kind", attack: sends(bytes(0, 3, 0)), answer: closed(4400, /unknown kind 3/) },
  { name: "a sync message of the kind 2^53-1", attack: sends(bytes(0, huge, 0)), answer: closed(4400, /unknown kind 9007199254740991/) },
  { name: "a body longer than its frame", attack: sends(bytes(0, 2, 100, 1)), answer: closed(4400, /longer than/) },
  { name: "a body that announces 2^53-1 bytes", attack: sends(bytes(0, 2, huge, 1)), answer: closed(4400, /longer than/) },
  { name: "a body that announces 2^53 bytes", attack: sends(bytes(0, 2, [128, 128, 128, 128, 128, 128, 128, 16], 1)), answer: closed(4400, /2\^53/) },
  { name: "a type in one byte too many", attack: sends(bytes(overLong(0, 2), 2, 0)), answer: closed(4400, /more bytes than it needs/) },
  { name: "a type in 150 bytes", attack: sends(bytes(overLong(0, 150), 2, 0)), answer: closed(4400, /2\^53/) },
  { name: "a number that never ends", attack: sends(new Uint8Array(100_000).fill(0xff)), answer: closed(4400, /2\^53/) },
  { name: "a state vector of no bytes", attack: sends(bytes(0, 0, 0)), answer: closed(4400, /^/) },
  { name: "a state vector that announces 2^25 clients", attack: sends(bytes(0, 0, 4, 0x80, 0x80, 0x80, 0x10)), answer: closed(4400, /^/) },
  { name: "a state vector that announces 2^53-1 clients", attack: sends(bytes(0, 0, 8, huge)), answer: closed(4400, /^/) },
  { name: "a state vector cut inside a clock", attack: sends(bytes(0, 0, 3, 1, 1, 0x80)), answer: closed(4400, /^/) },
  { name: "a state vector with bytes after its end", attack: sends(bytes(0, 0, 2, 0, 0)), answer: closed(4400, /^/) },
  { name: "a state vector with a clock in too many bytes", attack: sends(bytes(0, 0, 4, 1, 1, overLong(1, 2))), answer: closed(4400, /^/) },
  { name: "a step1 that says it has everything anybody could write", attack: sends(bytes(0, 0, 10, 1, 1, huge)), answer: ignored },
  { name: "a step2 of nothing at all", attack: sends(bytes(0, 1, 0)), answer: closed(4400, /refused/) },
  { name: "an update of nothing at all", attack: sends(bytes(0, 2, 0)), answer: closed(4400, /refused/) },
  { name: "an update of noise", attack: sends(bytes(0, 2, 8, 1, 2, 3, 4, 5, 6, 7, 8)), answer: closed(4400, /refused/) },
  { name: "an update of 4 MiB and one byte", attack: sends(Buffer.concat([bytes(0, 2, 0x81, 0x80, 0x80, 2), new Uint8Array(4 * MiB + 1)])), answer: closed(4413, /4194305 bytes; at most 4194304/) },
  { name: "presence of no bytes", attack: sends(bytes(1, 0)), answer: closed(4400, /bytes end/) },
  { name: "presence that announces more than there is", attack: sends(bytes(1, 2, 100, 1)), answer: closed(4400, /more awareness entries/) },
  { name: "presence that announces 2^53-1 clients", attack: sends(bytes(1, 8, huge)), answer: closed(4400, /more awareness entries/) },
  { name: "an auth message without a reason", attack: sends(bytes(2, 0)), answer: closed(4400, /bytes end/) },
]; // prettier-ignore

const harmless: HostileCase[] = [
  ...[4, 100, 127].map((type) => ({ name: `a message of the unknown type ${type}`, attack: sends(bytes(type, 1, 2, 3)), answer: ignored })),
  { name: "a message of the type 2^53-1", attack: sends(bytes(huge)), answer: ignored },
  { name: "8 MiB of an unknown type", attack: sends(new Uint8Array(8 * MiB).fill(99)), answer: ignored },
  { name: "an auth message, which only a server sends: permission denied", attack: sends(bytes(2, 0, 2, 104, 105)), answer: ignored },
  { name: "an auth message of an unknown kind", attack: sends(bytes(2, 9, 0)), answer: ignored },
  { name: "bytes after a message", attack: sends(bytes(3, 9, 9, 9)), answer: ignored },
  { name: "an update of nothing new", attack: sends(bytes(0, 2, 2, 0, 0)), answer: ignored },
  { name: "10,000 updates of nothing new", attack: sends(...Array<Uint8Array>(10_000).fill(bytes(0, 2, 2, 0, 0))), answer: ignored },
  { name: "10,000 messages of an unknown type", attack: sends(...Array<Uint8Array>(10_000).fill(bytes(99))), answer: ignored },
]; // prettier-ignore

/** What comes before the document is loaded waits, within bounds. */
function sendsBeforeItIsLoaded(frames: readonly Uint8Array[], token = "late-writer") {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.connect(arena, { token });
    for (const bytes of frames) stranger.send(bytes);
    await Promise.race([
      stranger.hears(() => stranger.messages("awareness")[0]).catch(() => undefined),
      stranger.closed,
    ]);
    return stranger.answer();
  };
}

const early: HostileCase[] = [
  { name: "8 MiB in one frame while it is not known who it is", attack: sendsBeforeItIsLoaded([new Uint8Array(8 * MiB).fill(99)], "never"), answer: closed(4500, /could not be checked/) },
  { name: "7 MiB before the document is loaded", attack: sendsBeforeItIsLoaded([new Uint8Array(7 * MiB).fill(99)]), answer: ignored },
  { name: "9 MiB in many frames while it is not known who it is", attack: sendsBeforeItIsLoaded(Array<Uint8Array>(9).fill(new Uint8Array(MiB).fill(99)), "never"), answer: closed(4500, /could not be checked/) },
  { name: "a broken message before the document is loaded", attack: sendsBeforeItIsLoaded([bytes(0, 9, 0)]), answer: closed(4400, /unknown kind 9/) },
  { name: "a broken message, and edits behind it, before the document is loaded", attack: sendsBeforeItIsLoaded([bytes(0, 9, 0), bytes(0, 2, editBy(920).length, [...editBy(920)])]), answer: closed(4400, /unknown kind 9/) },
]; // prettier-ignore

family("y-websocket messages", [...malformed, ...harmless, ...early], { mayLog: /authorize failed/ });
