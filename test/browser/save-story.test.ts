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

const closes = [undefined, ...[4403, 4404, 4409].map((code) => ({ code, reason: "not yours" }))];
const accesses = [
  { level: "write", reason: "" },
  { level: "read", reason: "" },
  { level: "read", reason: "the server cannot save right now: its disk is full." },
] as const;

const states: readonly PaneState[] = saveStates.flatMap((saveState) =>
  (["connecting", "connected", "disconnected"] as const).flatMap((status) =>
    closes.flatMap((closed) =>
      accesses.flatMap((access) =>
        booleans.flatMap((isSwitchedOff) =>
          booleans.flatMap((isSynced) =>
            booleans.flatMap((hasContent) =>
              [undefined, { reason: "too large" }].map((rejected) => ({
                ...{ saveState, status, closed, access, rejected, isSwitchedOff, isSynced, hasContent },
              })),
            ),
          ),
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
    for (const state of states.filter(({ closed }) => closed?.code === 4403)) {
      expect(saveStory(state)).toMatchObject({ tone: "closed", sentence: expect.stringContaining("not yours (4403)") });
    }
  });

  test("says that a document was deleted or replaced, and that its text can be copied if there is any", () => {
    for (const state of states) {
      if (state.closed?.code !== 4404 && state.closed?.code !== 4409) continue;
      const { tone, sentence } = saveStory(state);
      expect([tone, sentence]).toEqual(["gone", expect.stringMatching(/^This document was (deleted|replaced) on the/)]);
      expect(sentence.includes("still here to copy")).toBe(state.hasContent);
    }
  });

  test("quotes a server that cannot save, and says that what is typed is kept and will be sent", () => {
    const { 2: access } = accesses;
    const isHeld = (state: PaneState) =>
      state.access === access &&
      state.hasContent &&
      state.status === "connected" &&
      !state.isSwitchedOff &&
      !state.closed;
    for (const state of states.filter(isHeld)) {
      const waiting = waitingIn(state);
      const kept =
        waiting === 0 ? "What you type is" : waiting === 1 ? "1 edit is" : `${waiting.toLocaleString("en")} edits are`;
      expect(saveStory(state)).toEqual({
        tone: "held",
        sentence: `The server cannot save right now: its disk is full. ${kept} kept in this tab and will be sent.`,
      });
    }
  });

  test("promises nothing to who may not write", () => {
    for (const state of states.filter(({ access, closed }) => access.level === "read" && !access.reason && !closed)) {
      expect(saveStory(state).tone).not.toMatch(/saving|saved|returning/);
      expect(saveStory(state).sentence).not.toMatch(/will be sent|sending/);
    }
  });

  test("says that edits were refused, and how many are only here", () => {
    const isRefused = ({ rejected, status, access, closed, hasContent, isSwitchedOff }: PaneState) =>
      rejected && status === "connected" && access.level === "write" && !closed && hasContent && !isSwitchedOff;
    for (const state of states.filter(isRefused)) {
      const count = waitingIn(state).toLocaleString("en");
      const { tone, sentence } = saveStory(state);
      expect(tone).toBe("held");
      expect(sentence).toMatch(new RegExp(`did not take an edit: too large\\. ${count} edits? only in this tab`));
    }
  });

  test("is ready only when the document is here and the connection has brought everything", () => {
    for (const state of states) {
      const { tone } = saveStory(state);
      if (tone === "saved" || tone === "saving") {
        expect(state).toMatchObject({ hasContent: true, isSynced: true, status: "connected", isSwitchedOff: false });
        expect(state.access.level).toBe("write");
      }
    }
  });
});
