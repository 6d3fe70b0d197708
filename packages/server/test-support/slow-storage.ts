/** A store whose every operation takes a while, and takes effect some time in between. For tests. */
import type { Storage } from "../src/storage/storage.js";

/** @param pause called before and after each operation */
export function slowStorage(storage: Storage, pause: () => Promise<void>): Storage {
  const promised = async (run: () => Promise<unknown>) => {
    await pause();
    const result = await run();
    await pause();
    return result;
  };
  async function* iterated(items: AsyncIterable<unknown>) {
    await pause();
    for await (const item of items) yield item;
    await pause();
  }
  return new Proxy(storage, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== "function") return member;
      const run = (...args: unknown[]) => Reflect.apply(member, target, args) as unknown;
      const isIterated = ["readRecords", "readClaims", "readEverything", "readQuarantine", "listDocuments"].includes(
        String(name),
      );
      return (...args: unknown[]) =>
        isIterated
          ? iterated(run(...args) as AsyncIterable<unknown>)
          : promised(() => run(...args) as Promise<unknown>);
    },
  });
}
