export { ByteReader } from "./byte-reader.js";
export {
  decodeAwarenessBytes,
  decodeAwarenessUpdate,
  encodeAwarenessEntry,
  encodeAwarenessUpdate,
  joinAwarenessEntries,
  type AwarenessEntry,
  type AwarenessEntryBytes,
} from "./awareness-update.js";
export { closeCodes, fitCloseReason, isPermanentClose, type CloseCode } from "./close-code.js";
export { checkDocumentName, checkStoredDocumentName, maxDocumentNameBytes } from "./document-name.js";
export { ProtocolError, type ProtocolErrorCode } from "./error.js";
export {
  maxEventBytes,
  maxHelloBytes,
  maxServerMessageBytes,
  maxStreamHeaderBytes,
  maxStreamsPerSocket,
  maxUpdateHeaderBytes,
  protocolVersion,
  sharedSocketPath,
  synclinePath,
} from "./limits.js";
export {
  eventKind,
  access,
  ackLevel,
  mayRead,
  mayWrite,
  type Access,
  type AccessMessage,
  type Ack,
  type AckLevel,
  type AwarenessMessage,
  type Close,
  type EventMessage,
  type GoAway,
  type Have,
  type Hello,
  type Message,
  type Open,
  type Opened,
  type Ping,
  type Pong,
  type Refused,
  type Reject,
  type Synced,
  type TokenMessage,
  type Update,
  type Welcome,
} from "./message.js";
export { readFrames } from "./frame-list.js";
export { decodeFrame, encodeFrame } from "./message-codec.js";
export { decodeStreamRecord, encodeStreamClose, encodeStreamFrame, type StreamRecord } from "./stream-record.js";
export { varUintBytes, writeVarUint } from "./var-uint.js";
export { decodeYWebsocketMessage, encodeYWebsocketMessage, type YWebsocketMessage } from "./y-websocket.js";
