/**
 * What somebody else says of themselves, made safe for the bindings of editors. These look positions up without a check, and
 * one that is none throws in the middle of an update: the editor stays behind, and its next key deletes what it missed. And
 * they write colors into style attributes as they came.
 */
import type * as Y from "yjs";

export type PresenceState = Readonly<Record<string, unknown>>;

const neutralColor = "#777777";
const neutralColorLight = "#77777733";
const hexColor = /^#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i;
const longestName = 64;
/** Fields of a state in Lexical's manner, which has the user's name and color beside them. */
const lexicalFields = ["anchorPos", "focusPos", "focusing"];

/** Another object: nothing that others sent is changed. Never throws, whatever JSON `state` is. */
export function checkedPresence(state: PresenceState, doc: Y.Doc): PresenceState {
  const { user, ...rest } = state;
  const fields = Object.entries(rest).map(([name, value]) => [name, checkedField(name, value, doc)] as const);
  const checked = Object.fromEntries(fields);
  const isLexical = lexicalFields.some((name) => Object.hasOwn(state, name));
  return {
    ...(isRecord(user) && { user: checkedUser(user) }),
    ...(isLexical ? { ...checkedUser(checked), ...lexicalCaret(state, doc) } : checked),
  };
}

/** Reading `selection` bindings differ in what the other end is called. Of `cursor` they do not, and none asks if it is there. */
function checkedField(name: string, value: unknown, doc: Y.Doc): unknown {
  const ends = isRecord(value) ? ["anchor", "head", "focus"].filter((end) => Object.hasOwn(value, end)) : [];
  const isRange = ends.includes("anchor") && (ends.includes("head") || (ends.includes("focus") && name !== "cursor"));
  if (!isRecord(value) || !isRange) return name === "cursor" || name === "selection" ? null : value;
  const positions = ends.map((end) => [end, positionIn(value[end], doc)] as const);
  return positions.every(([, position]) => position) ? { ...value, ...Object.fromEntries(positions) } : null;
}

/** Both, if there is any: an absent one is looked up, too. */
function lexicalCaret({ anchorPos, focusPos }: PresenceState, doc: Y.Doc): PresenceState {
  return { anchorPos: positionIn(anchorPos, doc) ?? null, focusPos: positionIn(focusPos, doc) ?? null };
}

/** With all members: y-codemirror.next takes an absent `item` for one. */
function positionIn(value: unknown, doc: Y.Doc): PresenceState | undefined {
  if (!isRecord(value)) return undefined;
  const [type, item] = [idIn(value["type"]), idIn(value["item"])];
  // One that is there: to look for another would make it.
  const tname = typeof value["tname"] === "string" && doc.share.has(value["tname"]) ? value["tname"] : null;
  const assoc = typeof value["assoc"] === "number" ? value["assoc"] : 0;
  return (type ?? tname ?? item) === null ? undefined : { type, tname, item, assoc };
}

function idIn(value: unknown): Readonly<Record<"client" | "clock", number>> | null {
  if (!isRecord(value)) return null;
  const { client, clock } = value;
  return isCount(client) && isCount(clock) ? { client, clock } : null;
}

/** What is absent stays so: each binding has something to show instead. */
function checkedUser(user: PresenceState): PresenceState {
  const { name, color, colorLight } = user;
  return {
    ...user,
    ...(name !== undefined && { name: typeof name === "string" ? name.slice(0, longestName) : "Somebody" }),
    ...(color !== undefined && { color: isColor(color) ? withSixDigits(color) : neutralColor }),
    ...(colorLight !== undefined && { colorLight: isColor(colorLight) ? colorLight : neutralColorLight }),
  };
}

/** Bindings append the two digits of an alpha to it, and y-prosemirror warns of all others. */
function withSixDigits(color: string): string {
  const long = color.length < 7 ? color.replace(/[0-9a-f]/gi, "$&$&") : color;
  return long.slice(0, 7);
}

function isColor(value: unknown): value is string {
  return typeof value === "string" && hexColor.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

export function isRecord(value: unknown): value is PresenceState {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
