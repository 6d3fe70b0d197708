/** What a moving cursor says: awareness updates as editors send them, one a movement, built before the clock starts. */
import * as encoding from "lib0/encoding";

/** Large, as Yjs draws them: five bytes on the wire. */
const firstClientId = 3_500_000_003;
const colors = ["#30bced", "#6eeb83", "#ffbc42", "#ecd444", "#ee6352", "#9ac2c9"];

/** @type {(member: number) => number} */
export const clientIdOf = (member) => firstClientId + member * 104_729;

/** @type {(clientID: number) => number} */
export const memberOf = (clientID) => (clientID - firstClientId) / 104_729;

/** What is shown of a member when it has moved `clock` times: 180 bytes or so. @type {(member: number, clock: number) => string} */
export function stateOf(member, clock) {
  const position = { type: null, tname: "text", item: { client: clientIdOf(member), clock }, assoc: 0 };
  const user = { name: `Person ${member}`, color: colors[member % colors.length] };
  return JSON.stringify({ user, cursor: { anchor: position, head: clock } });
}

/** Its only entry: the state of one member. Clocks begin at 1: y-protocols takes 0 for nothing. @type {(member: number, clock: number) => Uint8Array} */
export function cursorUpdate(member, clock) {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, clientIdOf(member));
    encoding.writeVarUint(encoder, clock);
    encoding.writeVarString(encoder, stateOf(member, clock));
  });
}
