/** Yjs says on the console whenever somebody else uses its client id, and goes on with another. Here that is said all the time. */
const remark = "Changed the client-id";

/** Leaves that out until the returned function is called. */
export function quietYjs(): () => void {
  const { log, warn } = console;
  const without =
    (say: typeof log): typeof log =>
    (...words) => {
      if (!words.some((word) => String(word).includes(remark))) say(...words);
    };
  console.log = without(log);
  console.warn = without(warn);
  return () => Object.assign(console, { log, warn });
}
