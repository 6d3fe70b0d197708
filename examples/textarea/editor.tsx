/** A textarea with the text of the nearest <SynclineProvider>, and below it who else is writing, and where. */
import { useAwareness, useProvider, useText } from "@syncline/client/react";
import { useEffect, useRef, type CSSProperties } from "react";
import { peopleInText } from "./people-in-text.js";
import { TextareaBinding } from "./textarea-binding.js";

export function Editor({ name, color }: { name: string; color: string }) {
  const { awareness } = useProvider();
  const text = useText("text");
  const people = useAwareness(() => peopleInText(text, awareness));
  const textarea = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });
  }, [awareness, name, color]);

  useEffect(() => {
    if (!textarea.current) return;
    const binding = new TextareaBinding(text, textarea.current, awareness);
    return () => binding.destroy();
  }, [text, awareness]);

  return (
    <>
      <textarea id="editor" ref={textarea} aria-label="Text" placeholder="Write something" />
      <ul id="people" aria-label="Who else is writing">
        {people.map(({ clientId, name, color, line }) => (
          <li key={clientId} style={{ "--person": color } as CSSProperties}>{`${name}, line ${line}`}</li>
        ))}
      </ul>
    </>
  );
}
