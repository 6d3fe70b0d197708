/**
 * Where attacks take place: a server in its own process, a room that is attacked with two innocent members in it, and another
 * room with two. Says whether an attack disturbed any of them, and in the end whether memory and store are as they should be.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ServerLimits } from "@syncline/server";
import { expect } from "vitest";
import { ArenaProcess } from "./arena-process.js";
import { Pair, type Traces } from "./pair.js";
import { assertStored } from "./stored.js";

const attacked = "attacked";

/** What a server may have more of after a family of attacks: compiled code, and what its rooms cache of their logs. */
const heapAllowanceBytes = 24 * 1024 * 1024;

const firstStrangerId = 5_000_000;

export interface ArenaOptions {
  /** Where a case would have to wait for what takes seconds by default. */
  readonly limits?: Partial<ServerLimits>;
  /** Whose word on where a client comes from is taken. @default nobody's */
  readonly trustedProxies?: readonly string[];
  /** Errors the server may log, since it was made to fail. @default none */
  readonly mayLog?: RegExp;
}

export class Arena {
  readonly #data: string;
  readonly #process: ArenaProcess;
  readonly #elsewhere: Pair;
  readonly #mayLog: RegExp | undefined;
  /** The pairs whose documents are looked for in the store at the end. */
  readonly #pairs: Pair[];
  readonly #heapBytesBefore: number;
  #caseCount = 0;
  #attacked: Pair;
  #before: Traces;

  private constructor(
    process: ArenaProcess,
    { data, pairs, heapBytes, mayLog }: { data: string; pairs: [Pair, Pair]; heapBytes: number; mayLog?: RegExp },
  ) {
    this.#process = process;
    this.#data = data;
    this.#pairs = pairs;
    [this.#attacked, this.#elsewhere] = pairs;
    this.#before = this.#attacked.traces();
    this.#heapBytesBefore = heapBytes;
    this.#mayLog = mayLog;
  }

  static async open({ limits = {}, trustedProxies = [], mayLog }: ArenaOptions = {}): Promise<Arena> {
    const data = await mkdtemp(join(tmpdir(), "syncline-hostile-"));
    const process = await ArenaProcess.start({ data, limits: { unloadAfterMs: 100, ...limits }, trustedProxies });
    const url = `ws://127.0.0.1:${process.port}`;
    const pairs: [Pair, Pair] = [await Pair.join(url, attacked), await Pair.join(url, "elsewhere")];
    return new Arena(process, { data, pairs, heapBytes: await process.heapBytes(), ...(mayLog && { mayLog }) });
  }

  get port(): number {
    return this.#process.port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The document under attack. */
  get room(): string {
    return this.#attacked.documentName;
  }

  /** A Yjs client id that nobody has used before: another in each case. */
  get strangerId(): number {
    return firstStrangerId + this.#caseCount;
  }

  /** A Yjs client id of an innocent member of it. */
  get victimId(): number {
    return this.#attacked.docs[0].clientID;
  }

  /** How far that member's clock is: the next id it will use. */
  get victimClock(): number {
    return this.#attacked.clockOf(this.victimId);
  }

  /** Before an attack. `inNewRoom`: on a document that holds nothing yet but what its two members have written. */
  async prepare({ inNewRoom }: { readonly inNewRoom: boolean }): Promise<void> {
    if (inNewRoom) {
      this.#attacked = await Pair.join(this.url, `${attacked} ${this.#pairs.length}`);
      this.#pairs.push(this.#attacked);
    }
    this.#caseCount += 1;
    this.#before = this.#attacked.traces();
  }

  /** @param mayLeaveTraces the attack was an edit like others */
  async assertUndisturbed({ mayLeaveTraces }: { readonly mayLeaveTraces: boolean }): Promise<void> {
    const pairs = [this.#attacked, this.#elsewhere];
    await Promise.all(pairs.map((pair) => pair.exchange()));
    await this.#attacked.meet();
    expect(pairs.flatMap(({ lost }) => lost.splice(0))).toEqual([]);
    expect(this.#process.isAlive).toBe(true);
    expect((await fetch(`${this.httpUrl}/health`)).status).toBe(200);
    const errors = this.#process.errors.splice(0).filter((error) => !this.#mayLog?.test(error));
    expect(errors, "errors in the server's log").toEqual([]);
    const after = this.#attacked.traces();
    if (!mayLeaveTraces) {
      const presentIds = after.presentIds.filter((id) => !this.#before.presentIds.includes(id));
      expect({ ...after, presentIds }).toEqual({ ...this.#before, presentIds: [] });
    }
    this.#leaveNewRoom();
  }

  /** Nothing of what the attacks took is still held. */
  async assertMemoryIsBack(): Promise<void> {
    const grownBytes = async () => (await this.#process.heapBytes()) - this.#heapBytesBefore;
    await expect.poll(grownBytes, { timeout: 10_000, interval: 100 }).toBeLessThan(heapAllowanceBytes);
  }

  /** What is on disk loads, is sound, and is what the members have. */
  async assertStored(): Promise<void> {
    for (const pair of this.#pairs) pair.leave();
    expect(await this.#process.stop()).toBe(0);
    await assertStored(
      this.#data,
      this.#pairs.map(({ documentName, docs }) => ({ documentName, doc: docs[0] })),
    );
  }

  async close(): Promise<void> {
    for (const pair of this.#pairs) pair.leave();
    this.#process.kill();
    await rm(this.#data, { recursive: true, force: true, maxRetries: 5 });
  }

  #leaveNewRoom(): void {
    const [first] = this.#pairs;
    if (!first || this.#attacked === first) return;
    this.#attacked.leave();
    this.#attacked = first;
  }
}
