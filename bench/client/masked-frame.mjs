/** A large frame as a browser sends it. With mask 0, as small ones are sent here, a server need not undo the mask at all. */

const mask = Uint8Array.of(0x5a, 0xc3, 0x17, 0xe8);

/** Masks a frame in place. @param {Buffer} frame Of clientFrame. */
export function masked(frame) {
  const short = frame[1] & 0x7f;
  const maskAt = short === 127 ? 10 : short === 126 ? 4 : 2;
  frame.set(mask, maskAt);
  for (let at = maskAt + 4, index = 0; at < frame.length; at += 1, index += 1) frame[at] ^= mask[index & 3];
  return frame;
}
