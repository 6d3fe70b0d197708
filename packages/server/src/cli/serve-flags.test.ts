import { Command } from "commander";
import { expect, test } from "vitest";
import { addServeFlags, argumentsFor, type ServeFlags } from "./serve-flags.js";

function flagsIn(args: readonly string[]): ServeFlags {
  return addServeFlags(new Command()).parse(args, { from: "user" }).opts<ServeFlags>();
}

test.each([
  [[]],
  [["--port", "0", "--host", "::1", "--data=-odd dir", "--relay", "immediate"]],
  [["--no-fsync", "--insecure", "--no-control", "--log", "debug"]],
  [["--allow-origin", "https://a.example", "--allow-origin", "null", "--trust-proxy", "loopback"]],
  [["--tls-cert", "-c.pem", "--tls-key", "k.pem"]],
])("what is parsed of %j makes the same flags again", (args) => {
  const flags = flagsIn(args);
  expect(flagsIn(argumentsFor(flags))).toEqual(flags);
});

test("no flag is left out", () => {
  const every = addServeFlags(new Command()).options.map(({ long }) => long);
  const door = { allowOrigin: ["*"], trustProxy: ["loopback"], tlsCert: "c.pem", tlsKey: "k.pem" };
  const unlike = { ...flagsIn([]), ...door, fsync: false, insecure: true, control: false };
  expect(
    argumentsFor(unlike)
      .map((argument) => argument.split("=", 1)[0])
      .sort(),
  ).toEqual(every.sort());
});
