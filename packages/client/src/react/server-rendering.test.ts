/** Pages that are rendered in Node: what they hold, and that nothing is opened, connected or left behind. */
import { createElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import * as Y from "yjs";
import { SynclineClient } from "../client.js";
import {
  SynclineProvider,
  useArray,
  useAwareness,
  useDocument,
  useMap,
  useProvider,
  useStatus,
  useText,
  type SynclineProviderProps,
} from "./index.js";

beforeEach(() => {
  vi.useFakeTimers();
  // Who connects fails, and who opens a database.
  vi.stubGlobal("WebSocket", undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const url = "ws://host:1";
const component = (use: () => unknown) => createElement(() => JSON.stringify(use()) ?? "undefined");
const inDocument = (props: Partial<SynclineProviderProps>, ...children: ReactNode[]) =>
  createElement(SynclineProvider, { url, name: "notes", ...props } as SynclineProviderProps, ...children);

/** As text: without what React puts between texts, and with the JSON's quotes. */
function rendered(...children: ReactNode[]): string {
  return renderToString(inDocument({}, ...children))
    .replaceAll("&quot;", '"')
    .replaceAll("<!-- -->", "");
}

/** What keeps a process alive. */
function expectNothingLeft(): void {
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
}

test.each<[string, () => unknown, unknown]>([
  ["useProvider", () => useProvider().roomname, "notes"],
  ["useProvider, connected", () => useProvider().shouldConnect, false],
  ["useProvider, with presence", () => useProvider().awareness.getLocalState(), {}],
  ["useDocument", () => useDocument() instanceof Y.Doc, true],
  ["useStatus", () => useStatus().connection, "connecting"],
  ["useStatus with a selector", () => useStatus(({ synced, offline }) => [synced, offline]), [false, "off"]],
  ["useAwareness", () => useAwareness((states, clientId) => [states.size, clientId]), [0, 0]],
  ["useText", () => useText("text").toString(), ""],
  ["useText with a selector", () => useText("text", (text) => text.length), 0],
  ["useMap", () => useMap("map").toJSON(), {}],
  ["useMap with a selector", () => useMap("map", (map) => map.toJSON()), {}],
  ["useArray", () => useArray("array").toArray(), []],
  ["useArray with a selector", () => useArray("array", (array) => array.toArray()), []],
])("%s is rendered, and nothing is left", (_, use, expected) => {
  expect(rendered(component(use))).toBe(JSON.stringify(expected));
  expectNothingLeft();
});

test("a page that only shows values makes no provider at all", () => {
  rendered(
    component(() => useStatus().connection),
    component(() => useText("text", String)),
    component(() => useAwareness(({ size }) => size)),
  );
  expect(vi.getTimerCount()).toBe(0);
});

test("no copy is opened in this runtime's storage", () => {
  const offline = vi.fn<() => never>();
  renderToString(
    inDocument(
      { offline } as never,
      component(() => useProvider().status.offline),
    ),
  );
  expect(offline).not.toHaveBeenCalled();
  expectNothingLeft();
});

test("a document that is passed in is rendered with what it holds", () => {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "seeded");
  const page = inDocument(
    { doc },
    component(() => [useText("text"), useText("text", (text) => text.length)]),
  );
  expect(renderToString(page)).toBe("[&quot;seeded&quot;,6]");
  expectNothingLeft();
});

test("what is not to be connected says so", () => {
  const page = inDocument(
    { connect: false },
    component(() => useStatus().connection),
  );
  expect(renderToString(page)).toBe("&quot;disconnected&quot;");
});

test("requests that share a client share nothing else", () => {
  const client = new SynclineClient({ url });
  const page = () => {
    const use = () => useProvider().doc.getText("text").insert(0, "mine") ?? useText("text").toString();
    return inDocument({ url: undefined, client, doc: new Y.Doc() }, component(use));
  };
  expect([renderToString(page()), renderToString(page())]).toEqual(["&quot;mine&quot;", "&quot;mine&quot;"]);
  expectNothingLeft();
});

describe("a component", () => {
  const name = component(() => useProvider().roomname);

  test("is about the nearest document", () => {
    const inner = inDocument({ name: "inner" }, name);
    expect(rendered(name, inner, name)).toBe('"notes""inner""notes"');
    expectNothingLeft();
  });

  test("outside of any is told what to do", () => {
    const render = () => renderToString(component(() => useText("text")));
    expect(render).toThrow('useText() needs a <SynclineProvider url="wss://…" name="…"> above the component');
  });

  test("of a document that cannot be opened is told why", () => {
    expect(() => renderToString(inDocument({ url: "/relative" }, name))).toThrow("must look like ws://host:port");
    expect(() => renderToString(inDocument({ name: "" }, name))).toThrow();
  });
});
