/** What the page asks of the server that serves it: whether it may be killed, that it be killed, whether it is back. */

export interface ServerProcess {
  readonly canCrash: boolean;
  /** Of the process: another one is a server that was started again. */
  readonly pid: number;
}

export type Wish = "granted" | "refused" | "unheard";

const answerLimitMs = 2_000;
const pollPauseMs = 100;

/** Relative: the page may be mounted under a path. */
const demoUrl = (): URL => new URL(".syncline/demo", location.href);
const crashUrl = (): URL => new URL(".syncline/demo/crash", location.href);

/** `undefined` when nothing answers, or something else than a server with the demo. */
export async function askServer(): Promise<ServerProcess | undefined> {
  try {
    const answer = await fetch(demoUrl(), { cache: "no-store", signal: AbortSignal.timeout(answerLimitMs) });
    return answer.ok ? processIn(await answer.json()) : undefined;
  } catch {
    return undefined;
  }
}

export async function askForCrash(): Promise<Wish> {
  // No form of another site can send such a body.
  const headers = { "Content-Type": "application/json" };
  try {
    const signal = AbortSignal.timeout(answerLimitMs);
    const answer = await fetch(crashUrl(), { method: "POST", headers, body: "{}", signal });
    return answer.status === 202 ? "granted" : "refused";
  } catch {
    return "unheard";
  }
}

/** Resolves when another process than `former` answers; false: none has, for `limitMs`. */
export async function isBack(former: ServerProcess, limitMs: number): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    const answer = await askServer();
    if (answer && answer.pid !== former.pid) return true;
    await new Promise((resolve) => setTimeout(resolve, pollPauseMs));
  }
  return false;
}

function processIn(answer: unknown): ServerProcess | undefined {
  if (typeof answer !== "object" || answer === null) return undefined;
  const { canCrash, pid } = answer as Partial<Record<string, unknown>>;
  return typeof canCrash === "boolean" && typeof pid === "number" ? { canCrash, pid } : undefined;
}
