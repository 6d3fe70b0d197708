/**
 * Inputs that nobody thought of: `npm run campaign:fuzz -- --minutes 60`, one again by `-- --target frames --seed 4711.17`.
 * docs/FUZZING.md says what is played on what, and what must hold.
 */
import { afterAll, describe, expect, test } from "vitest";
import { fuzz, replay } from "./campaign.js";
import { fuzzSettings } from "./settings.js";
import { targets } from "./targets.js";

const settings = fuzzSettings(process.env, targets.length);
const chosen = targets.filter(({ name }) => settings.target === undefined || settings.target === name);

const say = (text: string) => console.log(text.replace(/^/gm, "campaign fuzz: "));

describe.skipIf(settings.replay !== undefined)("a campaign", () => {
  const total = { inputs: 0, failures: 0 };

  test.each(chosen)("finds no input that breaks: $name", { timeout: 0 }, async (target) => {
    const { inputCount, outcomeCount, failure } = await fuzz(target, settings, say);
    total.inputs += inputCount;
    total.failures += failure === undefined ? 0 : 1;
    expect(failure).toBeUndefined();
    // Were all inputs alike, nothing would have been tested.
    expect(outcomeCount).toBeGreaterThan(10);
  });

  afterAll(() => say(`found ${total.failures} failures in ${total.inputs} inputs, seed ${settings.seed}`));
});

describe.runIf(settings.replay)("one input", () => {
  test.each(chosen)("is played on $name", { timeout: 0 }, async (target) => {
    const failure = await replay(target, settings.replay ?? [0], say);
    say(`found ${failure ?? "nothing wrong with it"}`);
    expect(failure).toBeUndefined();
  });
});

test.skipIf(chosen.length > 0)("there is a target of that name", () => {
  throw new Error(`no target is called "${settings.target}"; there are ${targets.map(({ name }) => name).join(", ")}`);
});
