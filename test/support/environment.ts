/** A whole number that was passed on in the environment; `undefined` when it was not. @throws when it is something else */
export function numberIn(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === "") return undefined;
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${name} must be a whole number; it is "${text}"`);
  return number;
}
