/** Names of documents, in URLs and in opens: what is no name is refused with the reason, and what looks dangerous is a name like any other. */
import { encodeYWebsocketMessage, synclinePath } from "@syncline/protocol";
import { closed, ignored, refused, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { RawSocket, upgradeRequest } from "./raw-socket.js";
import { hello, open, Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

const bad: readonly (readonly [what: string, name: string, reason: RegExp])[] = [
  ["no name", "", /empty/],
  ["a name of 256 bytes", "x".repeat(256), /256 bytes/],
  ["a name of 256 bytes in 64 emoji", "\u{1f600}".repeat(64), /256 bytes/],
  ["a name with a null byte", "a\0b", /control character/],
  ["a name with a line break", "a\nb", /control character/],
  ["a name with an escape, as terminals obey them", "a\u001b[31mb", /control character/],
  ["a name that ends in DEL", "a\u007f", /control character/],
  ["a name with U+0085, a line break to some", "a\u0085b", /control character/],
  ["a name that is ..", "..", /segment/],
  ["a name out of its directory", "../../etc/passwd", /segment/],
  ["a name with a segment ..", "a/../b", /segment/],
  ["a name with a segment .", "a/./b", /segment/],
  ["a name that ends in /..", "a/..", /segment/],
  ["a name that is not normalised: e and an accent", "cafe\u0301", /NFC|normalis|normaliz/],
  ["a name that is not normalised: an Angstrom sign", "\u212b", /NFC|normalis|normaliz/],
];

const good: readonly (readonly [what: string, name: string])[] = [
  ["a name of 255 bytes", "x".repeat(255)],
  ["a name of 252 bytes in 63 emoji", "\u{1f600}".repeat(63)],
  ["a name of three dots", "..."],
  ["a name with empty segments", "a//b/"],
  ["a name of one space", " "],
  ["__proto__", "__proto__"],
  ["constructor", "constructor"],
  ["toString", "toString"],
  ["a name like a path of the server's own", ".syncline/v2"],
  ["a name like a percent-encoded slash", "%2F"],
  ["a name like a key of the store", "documents!attacked!"],
  ["a name with the highest character there is", "\u{10ffff}"],
  ["a name with a byte order mark", "\ufeffattacked"],
  ["a name with a direction override, as impostors use it", "a\u202egnp.exe"],
  ["a name that differs from the attacked document's in case", "Attacked"],
  ["a name with a query in it", "attacked?token=writer"],
  ["a name with a fragment in it", "attacked#there"],
  ["a name of commands", "$(reboot);`id`|true"],
  ["a name of markup", "<script>alert(1)</script>"],
];

/** Opens it in the syncline dialect. */
function opens(documentName: string) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena);
    speaker.say(open({ documentName }));
    return speaker.verdict();
  };
}

/** The path as it is, which a client that knows URLs would put right before it sends it. */
function asksRaw(path: string) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await RawSocket.open(arena);
    socket.send(upgradeRequest(path));
    const status = await socket.status();
    return status === 101 ? socket.closeAnswer() : { kind: "http", status: status ?? 0 };
  };
}

/** Writes to it in one dialect and finds it in the other: it is the same document, and not the attacked one. */
function uses(documentName: string) {
  return async (arena: Arena): Promise<Answer> => {
    const writer = await StockStranger.connect(arena, { documentName });
    writer.say({ type: "update", update: editBy(930) });
    const reader = await Speaker.greeted(arena);
    await reader.joins(open({ documentName }));
    await reader.hearsMessage("update");
    writer.leave();
    return reader.answer();
  };
}

const names: HostileCase[] = [
  ...bad.flatMap(([what, name, reason]): HostileCase[] => [
    { name: `${what}, in a URL`, attack: asksRaw(`/${encodeURIComponent(name)}?token=writer`), answer: closed(4400, reason) },
    { name: `${what}, in an open`, attack: opens(name), answer: refused(4400, reason) },
  ]),
  ...good.map(([what, name]) => ({ name: `${what}: a document like any other`, attack: uses(name), answer: ignored })),
]; // prettier-ignore

async function opensTwiceEncoded(arena: Arena): Promise<Answer> {
  const stranger = await StockStranger.at(arena.url, `/${encodeURIComponent("%61ttacked")}?token=writer`);
  stranger.send(encodeYWebsocketMessage({ type: "update", update: editBy(931) }));
  await stranger.hears(() => stranger.messages("sync-step-1")[0]);
  stranger.leave();
  return ignored;
}

const urls: HostileCase[] = [
  { name: "percent-encoding that is cut", attack: asksRaw("/a%2"), answer: closed(4400, /not percent-encoded UTF-8/) },
  { name: "percent-encoding that is none", attack: asksRaw("/%zz"), answer: closed(4400, /not percent-encoded UTF-8/) },
  { name: "percent-encoded bytes that are not UTF-8", attack: asksRaw("/%ff%fe"), answer: closed(4400, /not percent-encoded UTF-8/) },
  { name: "percent-encoded UTF-8 that is longer than it needs to be: a slash in two bytes", attack: asksRaw("/a%c0%afb"), answer: closed(4400, /not percent-encoded UTF-8/) },
  { name: "percent-encoded half of a surrogate pair", attack: asksRaw("/a%ed%a0%80"), answer: closed(4400, /not percent-encoded UTF-8/) },
  { name: "a path with .. as it is", attack: asksRaw("/../../etc/passwd?token=writer"), answer: closed(4400, /segment/) },
  { name: "an empty path", attack: asksRaw("/?token=writer"), answer: closed(4400, /empty/) },
  { name: "a path of slashes only: the name is what follows the first", attack: asksRaw("///?token=guess"), answer: closed(4401, /nobody knows/) },
  { name: "the syncline dialect's path with a document before it", attack: asksRaw(`/attacked${synclinePath}`), answer: closed(4400, /not part of it/) },
  { name: "the syncline dialect's path with a slash after it: a name, and the token decides", attack: asksRaw(`${synclinePath}/?token=guess`), answer: closed(4401, /nobody knows/) },
  { name: "a whole URL in the place of a path: the document is the one in it", attack: asksRaw("http://syncline.test/attacked?token=guess"), answer: closed(4401, /nobody knows/) },
  { name: "a document's name twice encoded is another document", attack: opensTwiceEncoded, answer: ignored },
  { name: "a name with half of a surrogate pair in an open", attack: async (arena) => { const speaker = await Speaker.connect(arena); speaker.say(hello()); speaker.send(Uint8Array.of(12, 2, 1, 3, 0xed, 0xa0, 0x80, 0, 1, 0, 0, 1, 0)); return speaker.closed; }, answer: closed(4400, /UTF-8/) },
]; // prettier-ignore

family("Names of documents", names);
family("URLs", urls);
