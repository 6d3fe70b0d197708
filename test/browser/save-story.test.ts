/** The sentence under a pane, over every state it can be in: it may be modest, it must not promise too much. */
import { describe, expect, test } from "vitest";
import { saveStory, type PaneState } from "../../demo/src/save-story.js";

const booleans = [true, false];
const saveStates = [0, 1, 2, 1234].flatMap((inThisBrowser) =>
  [0, 1, 2, 1234].flatMap((received) =>
    [0, 1, 2, 1234]
      .filter((durable) => durable <= received && received <= inThisBrowser)
      .map((durable) => ({ inThisBrowser, received, durable })),
  ),
);

const states: readonly PaneState[] = saveStates.flatMap((saveState) =>
  (["connecting", "connected", "disconnected"] as const).flatMap((status) =>
    [undefined, { code: 4403, reason: "not yours" }].flatMap((closed) =>
      booleans.flatMap((isSwitchedOff) =>
        booleans.flatMap((isSynced) =>
          booleans.map((hasContent) => ({ saveState, status, closed, isSwitchedOff, isSynced, hasContent })),
        ),
      ),
    ),
  ),
);

const waitingIn = ({ saveState }: PaneState) => saveState.inThisBrowser - saveState.durable;

describe("the sentence under a pane", () => {
  test("says that edits are on disk only when the server said so of every one of them", () => {
    for (const state of states) {
      const { tone, sentence } = saveStory(state);
      const claimsDisk = tone === "saved" || /(is|are) on the server’s disk/.test(sentence);
      if (claimsDisk) expect(waitingIn(state), sentence).toBe(0);
    }
  });

  test("says how many edits are only here whenever the connection is gone and there are any", () => {
    const isCutOff = ({ status, hasContent, isSwitchedOff, closed }: PaneState) =>
      closed !== undefined || (hasContent && (isSwitchedOff || status !== "connected"));
    for (const state of states.filter((candidate) => isCutOff(candidate) && waitingIn(candidate) > 0)) {
      const count = waitingIn(state).toLocaleString("en");
      expect(saveStory(state).sentence).toMatch(new RegExp(`\\b${count} edits? (only|waiting) in this browser`));
    }
  });

  test("gives the server's reason for a permanent close, whatever else is the case", () => {
    for (const state of states.filter(({ closed }) => closed)) {
      expect(saveStory(state)).toMatchObject({ tone: "closed", sentence: expect.stringContaining("not yours (4403)") });
    }
  });

  test("is ready only when the document is here and the connection has brought everything", () => {
    for (const state of states) {
      const { tone } = saveStory(state);
      if (tone === "saved" || tone === "saving") {
        expect(state).toMatchObject({ hasContent: true, isSynced: true, status: "connected", isSwitchedOff: false });
      }
    }
  });
});
