import { expect, test } from "vitest";
import { ConnectionToken } from "./connection-token.js";

class World {
  readonly asked: number[] = [];
  readonly renewedWith: string[] = [];
  readonly #finish: (() => void)[] = [];
  readonly token = new ConnectionToken({
    ask: (expiresInMs) => this.asked.push(expiresInMs),
    renew: () => {
      this.renewedWith.push(this.token.value);
      return new Promise((resolve) => this.#finish.push(resolve));
    },
  });

  async finishRenewal(): Promise<void> {
    this.#finish.shift()?.();
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

test("documents whose grants end together are one question, until it is answered", async () => {
  const { token, asked, ...world } = new World();
  token.set("old");
  for (let document = 0; document < 100; document++) token.ask(30_000 - document);
  expect(asked).toEqual([30_000]);
  void token.replace("fresh");
  token.ask(20);
  expect(asked).toEqual([30_000, 20]);
  expect(world.renewedWith).toEqual(["fresh"]);
});

test("of tokens that come while one is looked at only the last is", async () => {
  const world = new World();
  void world.token.replace("a");
  for (const token of ["b", "c", "d"]) void world.token.replace(token);
  expect(world.renewedWith).toEqual(["a"]);
  await world.finishRenewal();
  expect(world.renewedWith).toEqual(["a", "d"]);
  await world.finishRenewal();
  expect(world.renewedWith).toEqual(["a", "d"]);
  void world.token.replace("e");
  expect(world.renewedWith).toEqual(["a", "d", "e"]);
});
