/** Machines that reach each other, or do not. Connections are made here, cut here, and fall silent here. */
import type { Random } from "../fixtures/random.js";
import { between } from "./chance.js";
import type { Direction, Host, Link, Surroundings } from "./link.js";
import { fastLine, type Line } from "./pipe.js";
import type { Scheduler } from "./scheduler.js";
import type { Trace } from "./trace.js";

/** Nobody answers for so long: the attempt is given up, as operating systems do. */
const connectTimeoutMs = 20_000;
const lookAgainMs = 250;

export class Network implements Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  readonly #hosts = new Map<string, Host>();
  readonly #links = new Set<Link>();
  /** Machine and direction. */
  readonly #silent = new Set<string>();
  readonly #buried = new Set<string>();
  /** Of clients whose lines are not fast. */
  readonly #lines = new Map<string, Line>();

  constructor({ scheduler, random, trace }: { scheduler: Scheduler; random: Random; trace: Trace }) {
    this.scheduler = scheduler;
    this.random = random;
    this.trace = trace;
  }

  addHost(name: string, host: Host): void {
    this.#hosts.set(name, host);
  }

  hostOf(name: string): Host | undefined {
    return this.#hosts.get(name);
  }

  linksOf(machine: string): Link[] {
    return [...this.#links].filter(({ clientName, hostName }) => clientName === machine || hostName === machine);
  }

  lineOf(clientName: string): Line {
    return this.#lines.get(clientName) ?? fastLine;
  }

  setLine(clientName: string, line: Line | undefined): void {
    if (line) this.#lines.set(clientName, line);
    else this.#lines.delete(clientName);
  }

  isSilent(link: Link, direction: Direction): boolean {
    if (this.#buried.has(link.clientName)) return true;
    return this.#silent.has(`${link.clientName} ${direction}`) || this.#silent.has(`${link.hostName} ${direction}`);
  }

  /** Nothing gets through, in one direction or both, and nobody is told. */
  silence(machine: string, directions: readonly Direction[]): void {
    for (const direction of directions) this.#silent.add(`${machine} ${direction}`);
  }

  /** For good: the machine is gone. */
  bury(machine: string): void {
    this.#buried.add(machine);
  }

  heal(machine: string): void {
    for (const direction of ["up", "down"]) this.#silent.delete(`${machine} ${direction}`);
    for (const link of this.linksOf(machine)) link.wake();
  }

  healAll(): void {
    this.#silent.clear();
    this.#lines.clear();
    for (const link of this.#links) link.wake();
  }

  /** Both ends hear of it, each after a while. */
  cut(machine: string): void {
    for (const link of this.linksOf(machine)) link.cut();
  }

  connect(link: Link, path: string): void {
    this.#links.add(link);
    const startMs = this.scheduler.nowMs;
    const attempt = () => {
      if (link.isOver) return;
      if (this.isSilent(link, "up") || this.isSilent(link, "down")) {
        if (this.scheduler.nowMs - startMs >= connectTimeoutMs) return link.refused();
        return void this.scheduler.after(lookAgainMs, "", attempt);
      }
      const host = this.#hosts.get(link.hostName);
      if (host?.isListening === true) host.accept(link, path);
      else link.refused();
    };
    this.scheduler.after(between(this.random, 1, 30), `${link.label} connects`, attempt);
  }

  forget(link: Link): void {
    this.#links.delete(link);
  }
}
