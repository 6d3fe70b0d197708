/**
 * Stands guard over the runtime's clocks, timers and chance: what runs under virtual time may use none of them, or no run could
 * be repeated. Watches for errors that nobody caught, too.
 */
import { anotherTurn } from "./scheduler.js";

/** Whose use of them counts: the products', not the test runner's. */
const watched = /\/packages\/|node_modules\/(yjs|y-protocols|lib0|lru-cache)\//;

export class RealWorld {
  readonly errors: string[] = [];
  readonly #restore: (() => void)[] = [];
  readonly #uncaught = (thrown: unknown) => this.errors.push(`nobody caught ${describe(thrown)}`);
  #isAllowed = false;

  /** `soon` takes the place of setImmediate. */
  constructor(soon: (callback: () => void) => void) {
    this.#guard(Math, "random");
    this.#guard(Date, "now");
    this.#guard(performance, "now");
    for (const name of ["setTimeout", "setInterval"] as const) this.#guard(globalThis, name);
    this.#guard(globalThis.crypto, "randomUUID");
    this.#replace(globalThis, "setImmediate", ((callback: () => void) => soon(callback)) as unknown);
    process.on("unhandledRejection", this.#uncaught);
    process.on("uncaughtException", this.#uncaught);
  }

  /** Runs what needs a real timer for a moment: whoever calls this stops that timer. */
  allow<Result>(run: () => Result): Result {
    this.#isAllowed = true;
    try {
      return run();
    } finally {
      this.#isAllowed = false;
    }
  }

  /** Puts everything back. */
  async end(): Promise<void> {
    for (const restore of this.#restore) restore();
    await anotherTurn();
    process.off("unhandledRejection", this.#uncaught);
    process.off("uncaughtException", this.#uncaught);
  }

  #guard(owner: object, name: string): void {
    const original = Reflect.get(owner, name) as (...args: unknown[]) => unknown;
    this.#replace(owner, name, (...args: unknown[]) => {
      if (!this.#isAllowed) this.#accuse(name);
      return original.apply(owner, args);
    });
  }

  #replace(owner: object, name: string, value: unknown): void {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    Object.defineProperty(owner, name, { value, configurable: true, writable: true });
    this.#restore.push(() => {
      if (before) Object.defineProperty(owner, name, before);
      else Reflect.deleteProperty(owner, name);
    });
  }

  #accuse(name: string): void {
    const caller = new Error(name).stack?.split("\n")[3] ?? "";
    if (watched.test(caller)) this.errors.push(`the real ${name} was used ${caller.trim()}`);
  }
}

function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
