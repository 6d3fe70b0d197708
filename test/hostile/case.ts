/** A hostile case: what somebody does, and what the server answers. A family of them shares one arena. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Answer } from "./answers.js";
import { Arena, type ArenaOptions } from "./arena.js";

export interface HostileCase {
  /** What is done, in words: "a text frame". */
  readonly name: string;
  readonly attack: (arena: Arena) => Promise<Answer>;
  /** As documented in docs/PROTOCOL.md. */
  readonly answer: Answer;
  /** On a document of its own: what it sends would mean something else after the attacks before it. @default false */
  readonly inNewRoom?: boolean;
  /** Something of it is an edit like others, whatever becomes of the rest. @default when the answer is "taken" */
  readonly leavesTraces?: boolean;
  /** A defect: why the server does not answer as it should yet. */
  readonly defect?: string;
}

/** So long that it is no answer, however busy the machine: what is tried in a thread may take half a minute by itself. */
const silenceMs = 60_000;

const caseTimeoutMs = 100_000;
const familyTimeoutMs = 60_000;

/** After each case nobody else was disturbed; after all of them memory is back, and the store holds what members have. */
export function family(name: string, cases: readonly HostileCase[], options: ArenaOptions = {}): void {
  describe(name, () => {
    let arena: Arena;
    beforeAll(async () => {
      expect(new Set(cases.map((hostile) => hostile.name)).size, "names of cases").toBe(cases.length);
      arena = await Arena.open(options);
    }, familyTimeoutMs);
    afterAll(() => arena.close());

    for (const hostile of cases) {
      const run = hostile.defect === undefined ? test : test.fails;
      run(hostile.name, () => attack(arena, hostile), caseTimeoutMs);
    }

    test("after all that, memory is back", () => arena.assertMemoryIsBack(), familyTimeoutMs);
    test("after all that, the store holds what the members have", () => arena.assertStored(), familyTimeoutMs);
  });
}

async function attack(arena: Arena, { attack, answer, inNewRoom = false, ...rest }: HostileCase): Promise<void> {
  const { leavesTraces = answer.kind === "taken" } = rest;
  await arena.prepare({ inNewRoom });
  const answered = await Promise.race([attack(arena), silence()]);
  await arena.assertUndisturbed({ mayLeaveTraces: leavesTraces });
  expect(answered).toEqual(answer);
}

/** A case that is not answered ends by itself: it must not go on while the next one runs. */
function silence(): Promise<Answer> {
  return new Promise((resolve) => setTimeout(resolve, silenceMs, { kind: "silence" }).unref());
}
