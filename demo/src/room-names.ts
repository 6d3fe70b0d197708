/** Names for new rooms: easy to say, and seldom the same. */

const adjectives = "amber bright calm clear deep early gentle mossy north open quiet silver slow still warm wide".split(
  " ",
);
const places =
  "basin bay brook canyon cove dune field fjord grove harbour hollow island meadow ridge shore valley".split(" ");

export function freshRoom(): string {
  return `${oneOf(adjectives)}-${oneOf(places)}-${randomBelow(90) + 10}`;
}

function oneOf(words: readonly string[]): string {
  return words[randomBelow(words.length)] ?? "room";
}

function randomBelow(limit: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random % limit;
}
