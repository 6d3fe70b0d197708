/**
 * One client's state as the room passes it on: read, checked, stamped with who the client is, and written anew. What others
 * read was written here, or is spelled as if it were, so that all of them read the same in it.
 */
import { isCanonicalObject } from "./canonical-json.js";

export type StateReading =
  /** `json` may be a view of what was read. */
  | { readonly kind: "state"; readonly json: Uint8Array }
  /** `null`: the client is not there, or does not want to be seen. */
  | { readonly kind: "gone" }
  | { readonly kind: "refused"; readonly reason: string };

export interface StateRules {
  /** Of the client's own state, as it came and as it is written anew. */
  readonly maxBytes: number;
  /** What it has to say under `user`; `undefined`: what it likes. */
  readonly user: Readonly<Record<string, unknown>> | undefined;
}

type State = Record<string, unknown>;

/** Objects and lists in each other. */
const maxDepth = 16;

const maxColorLength = 64;
const color = /^[#a-zA-Z0-9(),.% -]*$/;

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const utf8Encoder = new TextEncoder();

/** In UTF-8. */
const [quote, backslash] = [0x22, 0x5c];
const [openBracket, closeBracket, openBrace, closeBrace] = [0x5b, 0x5d, 0x7b, 0x7d];

/** @param bytes valid UTF-8 */
export function readState(bytes: Uint8Array, { maxBytes, user }: StateRules): StateReading {
  if (bytes.length > maxBytes) return { kind: "refused", reason: tooLarge(maxBytes) };
  // It would be written just so.
  if (user === undefined && isCanonicalObject(bytes, maxDepth)) return { kind: "state", json: bytes };
  if (!isShallow(bytes)) return { kind: "refused", reason: `more than ${maxDepth} levels of presence` };
  const value = parse(utf8.decode(bytes));
  if (value === null) return { kind: "gone" };
  if (!isObject(value)) return { kind: "refused", reason: "presence that is no JSON object" };
  // Written anew a state may be longer: of 1e20 all digits are written.
  const json = encode(value);
  if (json.length > maxBytes) return { kind: "refused", reason: tooLarge(maxBytes) };
  return user === undefined ? { kind: "state", json } : stamped(value, user);
}

function stamped(state: State, user: Readonly<State>): StateReading {
  try {
    return { kind: "state", json: encode({ ...state, user: { ...colorsOf(state["user"]), ...user } }) };
  } catch {
    // A cycle, or a bigint. It comes from whoever runs the server: nothing else may be shown instead.
    return { kind: "refused", reason: "the user that `authorize` answered cannot be JSON" };
  }
}

/** Colors say nothing of who somebody is: editors choose them. */
function colorsOf(user: unknown): State {
  if (!isObject(user)) return {};
  const colors = ["color", "colorLight"].filter((name) => isColor(user[name]));
  return Object.fromEntries(colors.map((name) => [name, user[name]]));
}

function isColor(value: unknown): boolean {
  return typeof value === "string" && value.length <= maxColorLength && color.test(value);
}

/** Before anything is parsed, and without calls in each other. What is no JSON at all is found by the parser. */
function isShallow(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (byte === quote) isInString = !isInString;
    else if (isInString) i += byte === backslash ? 1 : 0;
    else if (byte === openBrace || byte === openBracket) depth += 1;
    else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    if (depth > maxDepth) return false;
  }
  return true;
}

/** `undefined` when it is no JSON: a state that is none would break every other client. */
function parse(text: string): unknown {
  // A property of that name is harmless here, and changes the prototype of what others copy it to.
  const mayHaveProto = text.includes("__proto__") || text.includes("\\u");
  try {
    return JSON.parse(text, mayHaveProto ? withoutProto : undefined) as unknown;
  } catch {
    return undefined;
  }
}

function withoutProto(key: string, value: unknown): unknown {
  return key === "__proto__" ? undefined : value;
}

function encode(state: State): Uint8Array {
  return utf8Encoder.encode(JSON.stringify(state));
}

function isObject(value: unknown): value is State {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function tooLarge(maxBytes: number): string {
  return `more than ${maxBytes} bytes of presence`;
}
