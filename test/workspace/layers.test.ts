/** The layer table bites: a wrong import, of a type only, fails the check that `npm run check` runs. */
import { execFile } from "node:child_process";
import { cp, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A copy of the sources, so that nobody who builds meanwhile meets the wrong files. The rules do not look above `packages`. */
const tree = "test/workspace/.tree";

const wrongImports: [string, string, string, string][] = [
  [
    "a type from a layer above",
    "packages/server/src/room/wrong-import-1.ts",
    'import type { Transport } from "../connection/transport.js";\nexport type T = Transport;\n',
    "room-does-not-look-up",
  ],
  [
    "a third-party module that another file owns",
    "packages/server/src/room/wrong-import-2.ts",
    'import type { WebSocket } from "ws";\nexport type T = WebSocket;\n',
    "owner-of-ws",
  ],
  [
    "Yjs on the hot path",
    "packages/server/src/room/wrong-import-3.ts",
    'import * as Y from "yjs";\nexport const doc = new Y.Doc();\n',
    "owner-of-yjs",
  ],
  [
    "the server from the client",
    "packages/client/src/wrong-import-4.ts",
    'import type { Storage } from "../../server/src/storage/storage.js";\nexport type T = Storage;\n',
    "client-knows-protocol-and-yjs-only",
  ],
  [
    "React from the rest of the client",
    "packages/client/src/wrong-import-6.ts",
    'import type { ReactNode } from "react";\nexport type T = ReactNode;\n',
    "only-react-knows-react",
  ],
  [
    "anything but lib0 in the protocol",
    "packages/protocol/src/wrong-import-5.ts",
    'import type { Doc } from "yjs";\nexport type T = Doc;\n',
    "protocol-knows-lib0-only",
  ],
  [
    "a cycle",
    "packages/protocol/src/error.cycle.ts",
    'import type { B } from "./error.cycle-b.js";\nexport type A = B | 1;\n',
    "no-cycles",
  ],
];

const otherHalfOfCycle = "packages/protocol/src/error.cycle-b.ts";

let complaints = "";
beforeAll(async () => {
  const files = wrongImports.map(([, path, source]) => [path, source] as const);
  const written = [
    ...files,
    [otherHalfOfCycle, 'import type { A } from "./error.cycle.js";\nexport type B = A | 2;\n'],
  ];
  await rm(`${root}/${tree}`, { recursive: true, force: true });
  for (const name of ["protocol", "server", "client"]) {
    await cp(`${root}/packages/${name}/src`, `${root}/${tree}/packages/${name}/src`, { recursive: true });
  }
  for (const [path, source] of written) await writeFile(`${root}/${tree}/${path}`, source as string);
  complaints = await complaintsAbout(files.map(([path]) => `${tree}/${path}`));
  await rm(`${root}/${tree}`, { recursive: true });
});

/** What the check says of these files; empty when it is content. */
async function complaintsAbout(paths: readonly string[]): Promise<string> {
  try {
    await promisify(execFile)("npx", ["depcruise", "--output-type", "err", ...paths], { cwd: root });
    return "";
  } catch (thrown) {
    return String((thrown as { stdout: unknown }).stdout);
  }
}

test.each(wrongImports)("%s is refused", (_, path, __, rule) => {
  // Of a cycle, either end may be the one that is named.
  expect(complaints).toContain(rule === "no-cycles" ? rule : `${rule}: ${tree}/${path}`);
});
