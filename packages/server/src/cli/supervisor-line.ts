/** The line between a supervisor and its server: what is said on it, and the server's end. */

export type FromServer =
  /** @param url `ws://host:port` */
  | { readonly kind: "listening"; readonly url: string; readonly port: number }
  /** Nobody can end themselves by SIGKILL as somebody else would. */
  | { readonly kind: "crash" };

export interface ToServer {
  readonly kind: "stop";
  readonly signal: NodeJS.Signals;
}

export class SupervisorLine {
  /** Resolves with the signal that the supervisor was sent. */
  readonly stopAsked: Promise<NodeJS.Signals>;
  /** Resolves when there is no supervisor any more. */
  readonly gone: Promise<void>;

  private constructor() {
    this.stopAsked = new Promise((resolve) => {
      process.on("message", ({ signal }: ToServer) => resolve(signal));
    });
    this.gone = new Promise((resolve) => {
      process.once("disconnect", resolve);
      if (!process.connected) resolve();
    });
    // A server that cannot start is to end.
    process.channel?.unref();
  }

  /** `undefined` in a process that no supervisor has started. */
  static open(): SupervisorLine | undefined {
    return process.send ? new SupervisorLine() : undefined;
  }

  tellListening({ url, port }: { readonly url: string; readonly port: number }): void {
    this.#say({ kind: "listening", url, port });
  }

  askForCrash(): void {
    this.#say({ kind: "crash" });
  }

  #say(message: FromServer): void {
    // That it was not heard is known by `gone`.
    process.send?.(message, undefined, undefined, () => undefined);
  }
}
