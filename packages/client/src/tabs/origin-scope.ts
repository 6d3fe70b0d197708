/**
 * What all tabs of one browser and origin have in common: locks, which say who is alive, and channels. Where a runtime lacks
 * one of them (a page without TLS has no locks) each tab goes by itself.
 */

/** The part of the Web Locks API that is used. */
export interface LocksLike {
  request(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    callback: (lock: unknown) => Promise<void> | void,
  ): Promise<unknown>;
}

/** The part of the BroadcastChannel interface that is used. */
export interface ChannelLike {
  onmessage: ((event: never) => unknown) | null;
  postMessage(message: unknown): void;
  close(): void;
}

export interface OriginScope {
  readonly locks: LocksLike | undefined;
  readonly openChannel: ((name: string) => ChannelLike) | undefined;
}

/** The runtime's own; reads its globals when called, not when imported. */
export function runtimeScope(): OriginScope {
  const { navigator, BroadcastChannel } = globalThis as Partial<typeof globalThis>;
  return {
    locks: navigator?.locks,
    openChannel: BroadcastChannel && ((name) => new BroadcastChannel(name)),
  };
}

export interface LockRequest {
  readonly onGranted: () => void;
  /** Locks cannot be had here, after all. */
  readonly onFailed: (cause: unknown) => void;
}

/** Waits for the lock and then holds it. Returns what ends either, whichever it is at the time. */
export function queueForLock(locks: LocksLike, name: string, { onGranted, onFailed }: LockRequest): () => void {
  const withdrawal = new AbortController();
  let isOver = false;
  let release = () => withdrawal.abort();
  const hold = () => {
    if (isOver) return;
    const held = new Promise<void>((resolve) => (release = resolve));
    onGranted();
    return held;
  };
  locks.request(name, { signal: withdrawal.signal }, hold).catch((cause: unknown) => {
    if (!isOver) onFailed(cause);
  });
  return () => {
    isOver = true;
    release();
  };
}

/** Takes the lock if nobody has it: what lets go of it again, or `undefined`. */
export function takeLock(locks: LocksLike, name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const hold = (lock: unknown) => {
      if (!lock) return resolve(undefined);
      return new Promise<void>((release) => resolve(release));
    };
    locks.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}
