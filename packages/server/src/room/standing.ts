/** Who a member is to a room, and what it may do there. Rooms know no tokens: connections say this, and say so again when it changes. */
export interface Standing {
  /**
   * Who it is, where its token says so: the same on all sockets of one person. Yjs client ids belong to it. `undefined`: nobody
   * knows.
   */
  readonly subject: string | undefined;
  /** The root types it may change; `undefined`: all. Only for who may write at all, which the connection sees to. */
  readonly roots: readonly string[] | undefined;
  /** Whether it may change anything at all, now or when the room takes edits again. */
  readonly mayWrite: boolean;
  /** Whether the others are told of its presence. */
  readonly mayAnnounce: boolean;
  /** Whether it is told of anything but presence. */
  readonly mayRead: boolean;
  /** What its presence has to say under `user`, as its token has it; `undefined`: what it likes. */
  readonly user: Readonly<Record<string, unknown>> | undefined;
}

/** Of who may do everything and did not say who they are. */
export const anybody: Standing = Object.freeze({
  subject: undefined,
  roots: undefined,
  mayWrite: true,
  mayAnnounce: true,
  mayRead: true,
  user: undefined,
});
