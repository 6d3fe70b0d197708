import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import * as Y from "yjs";
import { SynclineProvider } from "../provider.js";
import { Changes } from "./changes.js";

let provider: SynclineProvider;
let changes: Changes;
let unwatch: () => void;
beforeEach(() => {
  provider = new SynclineProvider("ws://host:1", "notes", new Y.Doc(), { connect: false });
  changes = new Changes();
  unwatch = changes.watch(provider);
  onTestFinished(() => provider.destroy());
});

/** How often each subject was told of, and whether its version is another. */
function observe(subjects: Record<string, object>) {
  const entries = Object.entries(subjects).map(([name, subject]) => {
    const onChange = vi.fn<() => void>();
    const version = changes.versionOf(subject);
    const unsubscribe = changes.subscribe(() => subject, onChange);
    return { name, subject, onChange, version, unsubscribe };
  });
  return {
    told: () => Object.fromEntries(entries.map(({ name, onChange }) => [name, onChange.mock.calls.length])),
    changed: () =>
      entries.filter(({ subject, version }) => changes.versionOf(subject) !== version).map(({ name }) => name),
    unsubscribe: () => entries.forEach((entry) => entry.unsubscribe()),
  };
}

function subjects() {
  const { doc, awareness } = provider;
  return { text: doc.getText("text"), map: doc.getMap("map"), awareness, status: provider };
}

test("tells of the type that changed, and of the status that counts the edit, once", () => {
  const { told, changed } = observe(subjects());
  provider.doc.transact(() => {
    provider.doc.getText("text").insert(0, "one");
    provider.doc.getText("text").insert(0, "two");
  });
  expect(told()).toEqual({ text: 1, map: 0, awareness: 0, status: 1 });
  expect(changed()).toEqual(["text", "status"]);
});

test("what changes inside of a type is a change of it", () => {
  const inner = new Y.Map<Y.Text>();
  provider.doc.getMap("map").set("inner", inner);
  inner.set("text", new Y.Text());
  const { told } = observe({ ...subjects(), inner });
  inner.get("text")?.insert(0, "deep");
  expect(told()).toMatchObject({ inner: 1, map: 1, text: 0 });
});

test("a deletion is a change", () => {
  provider.doc.getText("text").insert(0, "gone");
  const { told } = observe(subjects());
  provider.doc.getText("text").delete(0, 4);
  expect(told()).toMatchObject({ text: 1 });
});

test("presence is told of when it differs, not when it is renewed", () => {
  const { told } = observe(subjects());
  provider.awareness.setLocalStateField("user", "Ada");
  provider.awareness.setLocalState(provider.awareness.getLocalState());
  expect(told()).toEqual({ text: 0, map: 0, awareness: 1, status: 0 });
});

test("versions count without subscribers, so that nobody who comes later misses a change", () => {
  const text = provider.doc.getText("text");
  const before = changes.versionOf(text);
  text.insert(0, "unseen");
  expect(changes.versionOf(text)).not.toBe(before);
});

test("who has unsubscribed hears nothing, also in the middle of being told", () => {
  const { told, unsubscribe } = observe(subjects());
  changes.subscribe(() => undefined, unsubscribe);
  changes.tellAll();
  const before = told();
  provider.doc.getText("text").insert(0, "x");
  expect(told()).toEqual(before);
});

test("everything counts as changed with another provider, and nothing is heard of the former one", () => {
  const { text } = subjects();
  const { told, changed } = observe({ text });
  unwatch();
  text.insert(0, "missed");
  expect([told(), changed()]).toEqual([{ text: 0 }, []]);
  const next = new SynclineProvider("ws://host:1", "notes", provider.doc, { connect: false });
  onTestFinished(() => next.destroy());
  changes.watch(next);
  expect(changed()).toEqual(["text"]);
});
