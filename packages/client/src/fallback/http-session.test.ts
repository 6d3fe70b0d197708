import { readFrames } from "@syncline/protocol";
import { afterEach, describe, expect, it, vi } from "vitest";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { joinFrames } from "./frame-list.js";
import { pollCarrier } from "./poll-carrier.js";
import { sseCarrier } from "./sse-carrier.js";

interface Asked {
  readonly method: string;
  /** Path below the session and query. */
  readonly what: string;
  readonly frames: readonly Uint8Array[];
  readonly init: RequestInit;
  answer(response: Response): void;
  fail(): void;
}

const base = "/.syncline/v1/sessions";
const empty = () => new Response(null, { status: 204 });
const bytes = (body: Uint8Array<ArrayBuffer>) =>
  new Response(body, { headers: { "Content-Type": "application/octet-stream" } });
const frame = (...values: number[]) => Uint8Array.from(values);

/** Requests as the carrier makes them, answered by the test; and what the carrier's user is told. */
async function world(makeCarrier = pollCarrier) {
  const timing = new FakeTiming();
  const asked: Asked[] = [];
  const told: string[] = [];
  const got: number[] = [];
  vi.stubGlobal("fetch", (url: URL, init: RequestInit) => {
    return new Promise<Response>((resolve, reject) => {
      init.signal?.addEventListener("abort", () => reject(new Error("aborted")));
      asked.push({
        method: String(init.method),
        what: url.pathname.replace(base, "").replace("/id/", "") + url.search,
        frames: init.body ? readFrames(init.body as Uint8Array) : [],
        init,
        answer: resolve,
        fail: () => reject(new Error("the network failed")),
      });
    });
  });
  const carrier = makeCarrier(timing)("wss://host/.syncline/v1?tenant=a", {
    onOpen: () => told.push("open"),
    onFrame: (received) => got.push(...received),
    onError: () => told.push("error"),
    onClose: ({ code, reason }) => told.push(`close ${code} ${reason}`.trim()),
  });
  /** The request that has been made and not been looked at, once everything that can happen has. */
  const next = async () => {
    await settle();
    const [request, ...more] = asked.splice(0);
    expect(more).toEqual([]);
    if (!request) throw new Error("no request was made");
    return request;
  };
  const none = async () => {
    await settle();
    expect(asked).toEqual([]);
  };
  const create = await next();
  const open = async () => {
    create.answer(Response.json({ session: "id" }, { status: 201 }));
    return next();
  };
  return { timing, told, got, carrier, next, none, create, open };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise<void>((resolve) => void setTimeout(resolve));

afterEach(() => void vi.unstubAllGlobals());

describe("a carrier made of HTTP requests", () => {
  it("makes a session over TLS where the WebSocket would be, with the query of its URL, and opens with the answer", async () => {
    const { create, told, open } = await world();
    expect([create.method, create.what]).toEqual(["POST", "?tenant=a"]);
    expect(create.init).toMatchObject({ redirect: "error", credentials: "omit", cache: "no-store" });
    expect(told).toEqual([]);
    expect((await open()).what).toBe("poll?tenant=a&ack=0");
    expect(told).toEqual(["open"]);
  });

  it.each([
    ["the network fails", (request: Asked) => request.fail()],
    ["there are too many", (request: Asked) => request.answer(new Response("too many", { status: 503 }))],
    ["a page to log in at comes back", (request: Asked) => request.answer(new Response("<html>"))],
  ])("closes with 1006 when no session is made because %s", async (_, answer) => {
    const { create, told } = await world();
    answer(create);
    await settle();
    expect(told[0]).toBe("error");
    expect(told[1]).toMatch(/^close 1006 /);
  });

  it("gives up after seven failures in a row, with pauses that grow", async () => {
    const { open, next, none, timing, told } = await world();
    let request = await open();
    const pausesMs: number[] = [];
    for (let i = 0; i < 6; i++) {
      request.fail();
      await none();
      let pauseMs = 0;
      while (timing.timerCount > 0) {
        timing.advance(1);
        pauseMs += 1;
      }
      pausesMs.push(pauseMs);
      request = await next();
    }
    expect(pausesMs).toEqual([50, 100, 200, 400, 800, 1_000]);
    request.fail();
    await none();
    expect(told).toEqual(["open", "error", "close 1006 Error: the network failed"]);
  });

  it("does not count what came before a success, nor a poll that was cut after it had waited", async () => {
    const { open, next, timing, told } = await world();
    let request = await open();
    for (let i = 0; i < 30; i++) {
      if (i % 6 === 5) request.answer(bytes(joinFrames([frame(i)])));
      else request.fail();
      await settle();
      timing.advance(2_000);
      request = await next();
    }
    for (let i = 0; i < 10; i++) {
      timing.advance(2_000);
      request.fail();
      await settle();
      timing.advance(100);
      request = await next();
    }
    expect(told).toEqual(["open"]);
  });

  it("takes a poll that is answered at once with nothing for a failure", async () => {
    const { open, next, timing, told } = await world();
    let request = await open();
    for (let i = 0; i < 6; i++) {
      request.answer(empty());
      await settle();
      timing.advance(2_000);
      request = await next();
    }
    request.answer(empty());
    await settle();
    expect(told.at(-1)).toMatch(/^close 1006/);
  });

  it("ends with the server's code, and with 1006 when the server does not know it", async () => {
    const farewells = [
      [Response.json({ code: 4503, reason: "back soon" }, { status: 410 }), "close 4503 back soon"],
      [new Response("no such session", { status: 404 }), "close 1006 404 no such session"],
      [new Response("lost", { status: 409 }), "close 1006 409 lost"],
    ] as const;
    for (const [answer, words] of farewells) {
      const { open, none, told } = await world();
      (await open()).answer(answer);
      await none();
      expect(told).toEqual(["open", words]);
    }
  });

  it("says with each poll what it has, and passes on each frame once", async () => {
    const { open, next, got } = await world();
    (await open()).answer(bytes(joinFrames([frame(1), frame(2)])));
    const second = await next();
    expect(second.what).toBe("poll?tenant=a&ack=2");
    // Cut off in the middle.
    second.answer(bytes(joinFrames([frame(3), frame(4, 4)]).slice(0, -1)));
    await settle();
    expect(got).toEqual([1, 2]);
  });

  it("sends what was sent in one go together, one request at a time, and again what was not answered", async () => {
    const { open, next, none, carrier, timing } = await world();
    await open();
    carrier.send(frame(1));
    carrier.send(frame(2));
    const first = await next();
    expect([first.what, first.frames]).toEqual(["frames?tenant=a&ack=0&first=1", [frame(1), frame(2)]]);
    carrier.send(frame(3));
    await none();
    first.answer(empty());
    const second = await next();
    expect([second.what, second.frames]).toEqual(["frames?tenant=a&ack=0&first=3", [frame(3)]]);
    second.answer(new Response("<html>a page to log in at</html>"));
    carrier.send(frame(4));
    await settle();
    timing.advance(100);
    const again = await next();
    expect([again.what, again.frames]).toEqual(["frames?tenant=a&ack=0&first=3", [frame(3), frame(4)]]);
  });

  it("sends all that was not answered when it is closed, in a request that outlives the page, and says that it leaves", async () => {
    const { open, next, none, carrier, timing, told } = await world();
    await open();
    carrier.send(frame(1));
    const underWay = await next();
    carrier.send(frame(2));
    carrier.close();
    expect(underWay.init.signal?.aborted).toBe(true);
    const last = await next();
    expect([last.what, last.frames]).toEqual(["frames?tenant=a&ack=0&first=1&last=1", [frame(1), frame(2)]]);
    expect(last.init).toMatchObject({ keepalive: true, signal: null });
    last.fail();
    carrier.send(frame(3));
    await none();
    expect(timing.timerCount).toBe(0);
    expect(told).toEqual(["open"]);
  });

  it("leaves no timer behind when it is closed while it waits to try again, or to acknowledge", async () => {
    const waiting = await world();
    (await waiting.open()).fail();
    await waiting.none();
    expect(waiting.timing.timerCount).toBe(1);
    waiting.carrier.close();
    expect(waiting.timing.timerCount).toBe(0);
    // The goodbye.
    await waiting.next();

    const streaming = await world(sseCarrier);
    const request = await streaming.open();
    const event = `id: 1\ndata: ${btoa("\u0001a")}\n\n`;
    request.answer(new Response(event, { headers: { "Content-Type": "text/event-stream" } }));
    await streaming.none();
    expect(streaming.got.length).toBe(1);
    streaming.carrier.close();
    expect(streaming.timing.timerCount).toBe(0);
  });

  it("sends no more at once than proxies take, leaving included", async () => {
    const { open, next, carrier } = await world();
    await open();
    const large = new Uint8Array(300_000);
    for (let i = 0; i < 3; i++) carrier.send(large);
    expect((await next()).frames.length).toBe(1);
    carrier.close();
    const sizes: number[] = [];
    for (let request = await next(); ; request = await next()) {
      sizes.push(request.frames.length);
      if (request.what.endsWith("last=1")) break;
      request.answer(empty());
    }
    expect(sizes).toEqual([1, 1, 1]);
  });

  it("says nothing when it is closed before it opened", async () => {
    const { carrier, create, none, told } = await world();
    carrier.close();
    create.answer(Response.json({ session: "id" }));
    await none();
    expect(told).toEqual([]);
  });
});

describe("a stream of events", () => {
  const encoder = new TextEncoder();
  const event = (id: number, ...frames: Uint8Array[]) =>
    `id: ${id}\ndata: ${btoa(String.fromCharCode(...joinFrames(frames)))}\n\n`;

  /** An open stream, and what writes to it. */
  async function streaming() {
    const all = await world(sseCarrier);
    const connect = (request: Asked) => {
      let stream: ReadableStreamDefaultController<Uint8Array> | undefined;
      const body = new ReadableStream<Uint8Array>({ start: (controller) => void (stream = controller) });
      request.answer(new Response(body, { headers: { "Content-Type": "text/event-stream" } }));
      return {
        write: async (text: string) => {
          stream?.enqueue(encoder.encode(text));
          await settle();
        },
        cut: () => stream?.error(new Error("cut")),
      };
    };
    const request = await all.open();
    expect([request.method, request.what]).toEqual(["GET", "events?tenant=a&ack=0"]);
    return { ...all, connect, stream: connect(request) };
  }

  it("goes on where it was cut, and passes over what it has", async () => {
    const { stream, connect, got, next, timing } = await streaming();
    await stream.write(event(2, frame(1), frame(2)));
    stream.cut();
    await settle();
    timing.advance(100);
    const request = await next();
    expect(request.what).toBe("events?tenant=a&ack=2");
    await connect(request).write(event(3, frame(2), frame(3)));
    expect(got).toEqual([1, 2, 3]);
  });

  it("ends with 1006 when frames are missing, and with the server's code when it says so", async () => {
    const lossy = await streaming();
    await lossy.stream.write(event(3, frame(2), frame(3)));
    expect([lossy.told.at(-1), lossy.got]).toEqual(["close 1006 Frames were lost on the way", []]);
    const closed = await streaming();
    await closed.stream.write(`event: close\ndata: {"code":4403,"reason":"no"}\n\n`);
    expect(closed.told.at(-1)).toBe("close 4403 no");
  });

  it("acknowledges after a second, or at once when there is much, and not twice", async () => {
    const { stream, next, none, timing, carrier } = await streaming();
    await stream.write(event(1, frame(1)));
    timing.advance(999);
    await none();
    timing.advance(1);
    const ack = await next();
    expect([ack.what, ack.frames]).toEqual(["frames?tenant=a&ack=1&first=1", []]);
    ack.answer(empty());
    await none();
    await stream.write(event(2, new Uint8Array(30_000)));
    const soon = await next();
    expect(soon.what).toBe("frames?tenant=a&ack=2&first=1");
    soon.answer(empty());
    await none();
    timing.advance(10_000);
    await none();
    // What an upload said along the way need not be said again.
    await stream.write(event(3, frame(3)));
    carrier.send(frame(1));
    const upload = await next();
    expect(upload.what).toBe("frames?tenant=a&ack=3&first=1");
    upload.answer(empty());
    await none();
    timing.advance(10_000);
    await none();
  });

  it("does not count a stream that lasted, though nothing came over it", async () => {
    const { stream, connect, next, timing, told } = await streaming();
    let current = stream;
    for (let i = 0; i < 10; i++) {
      timing.advance(2_000);
      current.cut();
      await settle();
      timing.advance(100);
      current = connect(await next());
    }
    expect(told).toEqual(["open"]);
  });

  it("ends where an answer cannot be read while it arrives", async () => {
    const { open, told } = await world(sseCarrier);
    const request = await open();
    const answer = new Response(null, { headers: { "Content-Type": "text/event-stream" } });
    request.answer(answer);
    await settle();
    expect(told.at(-1)).toMatch(/^close 1006 This runtime/);
  });

  it("gives up when one stream after the other ends at once", async () => {
    const { stream, connect, next, timing, told } = await streaming();
    let current = stream;
    for (let i = 0; i < 6; i++) {
      await current.write(":\n\n");
      current.cut();
      await settle();
      timing.advance(2_000);
      current = connect(await next());
    }
    current.cut();
    await settle();
    expect(told.at(-1)).toBe("close 1006 Error: cut");
  });
});
