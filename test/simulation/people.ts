/** Who sits at the clients, and what each may do at the moment. Servers ask here, by a token that is a person's name. */
import type { Authorization, AuthorizeRequest } from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";

export interface PeopleConfig {
  /** How many of those who come may only read. Nobody tells them: they edit like the others, and it must come to nothing. */
  readonly readerShare: number;
  /** Whether servers know who somebody is: Yjs client ids then belong to people. */
  readonly areKnown: boolean;
  /** Whether writers become readers for a while. */
  readonly changesMind: boolean;
}

/** All sessions of one browser are one person's. */
export class Person {
  readonly name: string;
  /** Came as a reader, and stays one. */
  readonly isReader: boolean;
  #access: "read" | "write";
  #hasBeenReader: boolean;

  constructor(name: string, isReader: boolean) {
    this.name = name;
    this.isReader = this.#hasBeenReader = isReader;
    this.#access = isReader ? "read" : "write";
  }

  get access(): "read" | "write" {
    return this.#access;
  }

  /** What it sent then may be refused later. */
  get hasBeenReader(): boolean {
    return this.#hasBeenReader;
  }

  demote(): void {
    this.#access = "read";
    this.#hasBeenReader = true;
  }

  promote(): void {
    this.#access = "write";
  }
}

export class People {
  readonly #config: PeopleConfig;
  readonly #random: Random;
  readonly #people = new Map<string, Person>();

  constructor(config: PeopleConfig, random: Random) {
    this.#config = config;
    this.#random = random;
  }

  newPerson(name: string): Person {
    const person = new Person(name, this.#random.chance(this.#config.readerShare));
    this.#people.set(name, person);
    return person;
  }

  /** What an embedder of the server answers. */
  authorize({ token }: AuthorizeRequest): Authorization {
    const person = this.#people.get(token);
    if (!person) return { access: "none" };
    return { access: person.access, ...(this.#config.areKnown && { subject: person.name }) };
  }
}
