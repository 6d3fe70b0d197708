/** Sizes that both ends must agree on. What only the server bounds is in the server's options. */

/** The version of the syncline dialect that this package speaks. */
export const protocolVersion = 1;

/** The path at which the syncline dialect is served; every other path is a document name of the y-websocket dialect. */
export const synclinePath = "/.syncline/v1";

/** The path at which several connections of that dialect share one socket, each a stream of records. */
export const sharedSocketPath = `${synclinePath}/shared`;

/** How many streams a shared socket has at most. */
export const maxStreamsPerSocket = 50;

/** No message on the way to a client is larger: a large document arrives as several valid updates. */
export const maxServerMessageBytes = 1024 * 1024;

/** What an update message adds to the update it carries, at most: two lengths, type, room and n. */
export const maxUpdateHeaderBytes = 64;

/** What a record of a shared socket adds to the frame it carries, at most. */
export const maxStreamHeaderBytes = 16;

/** A hello, token included: all that is read of a client before it is welcomed. */
export const maxHelloBytes = 8 * 1024;

/** An event's payload, by default: a client that sends a larger one is closed with 4413. */
export const maxEventBytes = 64 * 1024;
