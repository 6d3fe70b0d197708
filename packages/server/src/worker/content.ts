/**
 * What a document holds, as JSON for people and other programs: shared types as the values they stand for. Runs in a document
 * thread; knows no room, no store and no thread.
 */
import { messageOf } from "../error.js";
import { toBase64 } from "lib0/buffer";
import * as Y from "yjs";
import { buildDocument, type Now } from "./document.js";
import { WorkerError } from "./error.js";

/**
 * UTF-8 of one JSON object with the root names, sorted, as its keys. A text is a string, or its delta where it has marks or
 * embeds; a map an object; an array an array; an XML fragment or element its markup; a subdocument `{"subdocument": guid}`;
 * binary `{"base64": …}`; a big integer a string; a root without content null. Roots have no type until somebody gives them one:
 * it is inferred from what they hold, and one that holds both a list and a map is `{"list": …, "map": …}`.
 *
 * @param pieces may be iterated twice
 *
 * @throws {WorkerError} `failed` when a piece cannot be applied (with its index), or when the document is nested too deeply or is
 * too large for JSON.
 */
export function contentOf(pieces: Iterable<Uint8Array>, now: Now = () => performance.now()): Uint8Array {
  const { doc } = buildDocument(pieces, now);
  try {
    const names = [...doc.share.keys()].sort();
    return new TextEncoder().encode(JSON.stringify(objectOf(names.map((name) => [name, rootOf(doc, name)]))));
  } catch (cause) {
    // Both recursion and a string that grows too long end in this.
    if (!(cause instanceof RangeError)) throw cause;
    const message = `the document is nested too deeply or too large for JSON: ${messageOf(cause)}`;
    throw new WorkerError("failed", message, { cause });
  }
}

/** An object without a prototype takes any key, `__proto__` as well. */
function objectOf(entries: Iterable<readonly [string, unknown]>): Record<string, unknown> {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of entries) object[key] = value;
  return object;
}

function rootOf(doc: Y.Doc, name: string): unknown {
  const root = doc.share.get(name) as Y.AbstractType<unknown>;
  const kind = listKindOf(root);
  const hasKeys = [...root._map.values()].some((item) => !item.deleted);
  // Asking for a type gives the root that type. The document is this job's own.
  const list = kind === undefined ? null : plain(listOf(doc, name, kind));
  const map = hasKeys ? mapOf(root) : null;
  if (kind === undefined || !hasKeys) return list ?? map;
  return { list, map };
}

type ListKind = "text" | "xml" | "array";

function listOf(doc: Y.Doc, name: string, kind: ListKind): unknown {
  if (kind === "text") return doc.getText(name);
  return kind === "xml" ? doc.getXmlFragment(name) : doc.getArray(name);
}

/** `undefined` when nothing stands in the list. */
function listKindOf(root: Y.AbstractType<unknown>): ListKind | undefined {
  let kind: ListKind | undefined;
  for (let item = root._start; item !== null; item = item.right) {
    if (item.deleted) continue;
    const { content } = item;
    if (isOfText(content)) return "text";
    const isXml = content instanceof Y.ContentType && isXmlNode(content.type);
    kind = isXml && kind !== "array" ? "xml" : "array";
  }
  return kind;
}

function isOfText(content: Y.Item["content"]): boolean {
  return content instanceof Y.ContentString || content instanceof Y.ContentFormat || content instanceof Y.ContentEmbed;
}

function isXmlNode(type: unknown): boolean {
  return type instanceof Y.XmlElement || type instanceof Y.XmlText || type instanceof Y.XmlHook;
}

/** What JSON has a form for. */
function plain(value: unknown): unknown {
  if (value instanceof Y.AbstractType) return typeOf(value);
  if (value instanceof Y.Doc) return { subdocument: value.guid };
  if (value instanceof Uint8Array) return { base64: toBase64(value) };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null) return plainObject(Object.entries(value));
  if (typeof value === "bigint") return value.toString();
  return value ?? null;
}

function typeOf(type: Y.AbstractType<unknown>): unknown {
  if (type instanceof Y.Text) return textOf(type);
  if (type instanceof Y.XmlFragment) return type.toString();
  if (type instanceof Y.Array) return type.toArray().map(plain);
  return mapOf(type);
}

/** Also of a root that nobody has asked for yet. */
function mapOf(type: Y.AbstractType<unknown>): unknown {
  const living = [...type._map].filter(([, item]) => !item.deleted);
  return plainObject(living.map(([key, item]) => [key, item.content.getContent()[item.length - 1]]));
}

function plainObject(entries: [string, unknown][]): unknown {
  return objectOf(entries.map(([key, value]) => [key, plain(value)] as const).sort(byKey));
}

function byKey([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : 1;
}

function textOf(text: Y.Text): unknown {
  const delta = text.toDelta() as { readonly insert: unknown; readonly attributes?: unknown }[];
  const isString = delta.every(({ insert, attributes }) => typeof insert === "string" && attributes === undefined);
  return isString ? delta.map(({ insert }) => insert).join("") : plain(delta);
}
