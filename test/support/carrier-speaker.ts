/** A syncline client without a document on any carrier: says what it is told to, and remembers what it hears. */
import type { Carrier, CarrierCloseEvent, OpenCarrier } from "@syncline/client/fallback";
import { decodeFrame, encodeFrame, synclinePath, type Message } from "@syncline/protocol";
import { onTestFinished } from "vitest";

type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;

export class CarrierSpeaker {
  readonly heard: Message[] = [];
  closeEvent: CarrierCloseEvent | undefined;
  readonly #carrier: Carrier;
  #isOpen = false;
  #watchers: (() => void)[] = [];

  constructor(open: OpenCarrier, url: string) {
    this.#carrier = open(url + synclinePath, {
      onOpen: () => {
        this.#isOpen = true;
        this.#look();
      },
      onFrame: (frame) => {
        this.heard.push(...decodeFrame(frame));
        this.#look();
      },
      onError: () => undefined,
      onClose: (event) => {
        this.closeEvent = event;
        this.#look();
      },
    });
    onTestFinished(() => this.close());
  }

  /** Opens the carrier, greets, and opens the document. */
  static async open(open: OpenCarrier, url: string, documentName: string, clientId = 7): Promise<CarrierSpeaker> {
    const speaker = new CarrierSpeaker(open, url);
    await speaker.until(() => speaker.#isOpen || speaker.closeEvent !== undefined);
    const have = { kind: "state-vector", stateVector: Uint8Array.of(0) } as const;
    speaker.say(
      { type: "hello", version: 1, token: "", client: "test" },
      { type: "open", requestId: 1, documentName, token: "", clientId, generation: "", have },
    );
    return speaker;
  }

  say(...messages: readonly Message[]): void {
    this.#carrier.send(encodeFrame(messages));
  }

  close(): void {
    this.#carrier.close();
  }

  /** Resolves once `holds` is true, looking again after each frame and at the end. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }

  /** @throws when the carrier closes first */
  async hears<Type extends Message["type"]>(
    type: Type,
    fits: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    for (;;) {
      const found = this.of(type).find(fits);
      if (found) return found;
      if (this.closeEvent) throw new Error(`closed with ${this.closeEvent.code} ${this.closeEvent.reason}`);
      await new Promise<void>((resolve) => void this.#watchers.push(resolve));
    }
  }

  of<Type extends Message["type"]>(type: Type): MessageOf<Type>[] {
    return this.heard.filter((message): message is MessageOf<Type> => message.type === type);
  }

  #look(): void {
    for (const look of this.#watchers.splice(0)) look();
  }
}
