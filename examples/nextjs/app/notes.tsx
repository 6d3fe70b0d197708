"use client";
import { useArray, useAwareness, useProvider } from "@syncline/client/react";
import { useEffect } from "react";

export function Notes({ me }: { readonly me: { readonly name: string; readonly color: string } }) {
  const { awareness } = useProvider();
  const notes = useArray<string>("notes");
  const others = useAwareness((states, own) => [...states].filter(([id, { user }]) => id !== own && user));
  const showDraft = (draft: string) => awareness.setLocalStateField("draft", draft);
  useEffect(() => awareness.setLocalStateField("user", me), [awareness, me]);

  function add(form: FormData) {
    notes.push([String(form.get("note"))]);
    showDraft("");
  }

  return (
    <>
      <ul>
        {notes.map((note, index) => (
          <li key={index}>{note}</li>
        ))}
        {others.map(([id, { user, draft }]) => (
          <li key={id} className="draft" style={{ color: String(user.color) }}>
            <b>{String(user.name)}</b> {String(draft ?? "")}
          </li>
        ))}
      </ul>
      <form action={add}>
        <input
          name="note"
          required
          aria-label="A note"
          onInput={(event) => showDraft(event.currentTarget.value)}
        />
        <button>Add</button>
      </form>
    </>
  );
}
