/** Who the bots are: geologists like the visitors, others of them, and nobody can take them for people. */
import type { Person } from "../people.js";

const names = (
  "Andrija Beno Clarence Doris Drummond Friedrich Georges Giovanni Helen Horace Johanna Louis Marland Mignon Naomi " +
  "Roderick Tuzo Ursula Walter William"
).split(" ");
/** Paler minerals than the visitors': still dark enough for white text. */
const colors = "#6d6a8f #8f6a4a #4f7a6a #7a5a7e #6f7a3a #5a7394 #94605f #577f86 #84703f #706078".split(" ");

export function botAt(index: number): Person {
  return {
    name: `Bot ${names[index % names.length] ?? index}`,
    color: colors[index % colors.length] ?? "#5d6b6e",
  };
}
