/**
 * How far a new line is indented: as the one above it, a step further after an opening bracket. No parser is asked: what people
 * write here first is often prose, in which one of JavaScript finds reasons to indent.
 */
import { indentOnInput, indentService } from "@codemirror/language";
import { countColumn, type Extension } from "@codemirror/state";

const opens = /[{[(]\s*$/;
const closes = /^\s*[}\])]/;

export function indentation(): Extension {
  return [indentOnInput(), byBrackets];
}

const byBrackets = indentService.of((context, position) => {
  const above = context.lineAt(Math.max(position - 1, 0), -1);
  if (above.from === context.lineAt(position, 1).from) return null;
  const indent = countColumn(above.text, context.state.tabSize, /^\s*/.exec(above.text)?.[0].length ?? 0);
  const isOpened = opens.test(above.text);
  const isClosed = closes.test(context.textAfterPos(position, 1));
  return Math.max(0, indent + (isOpened ? context.unit : 0) - (isClosed ? context.unit : 0));
});
