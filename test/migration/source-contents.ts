/** What a migration source gives, as a test looks at it. The readers are not part of the server's public interface. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import * as Y from "yjs";
import type { MigrationSource, SourceDocument } from "../../packages/server/dist/migration/source.js";
import { tempDirectory } from "../support/temp-directory.js";

export async function documentsOf(source: MigrationSource): Promise<SourceDocument[]> {
  const documents: SourceDocument[] = [];
  for await (const document of source.documents()) documents.push(document);
  return documents;
}

export function textOf({ updates }: SourceDocument): string {
  return docOf(updates).getText("text").toString();
}

export function docOf(updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

/** Text by name, in a map: one of the names is `__proto__`. */
export function textsByName(documents: readonly SourceDocument[]): Map<string, string> {
  return new Map(documents.map((document) => [document.name, textOf(document)]));
}

export async function expectedTexts(file: URL): Promise<Map<string, string>> {
  const expected = JSON.parse(await readFile(file, "utf8")) as { readonly name: string; readonly text: string }[];
  return new Map(expected.map(({ name, text }) => [name, text]));
}

/** Every file of `directory` with its bytes: equal before and after means that nothing was changed or created. */
export async function filesIn(directory: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const name of (await readdir(directory)).sort()) {
    files.set(name, (await readFile(join(directory, name))).toString("hex"));
  }
  return files;
}

/** Until the test is over private copies are made in the directory this resolves with. */
export async function ownTemporaryDirectory(): Promise<string> {
  const directory = await tempDirectory();
  const before = process.env["TMPDIR"];
  process.env["TMPDIR"] = directory;
  onTestFinished(() => {
    if (before === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = before;
  });
  return directory;
}

export async function copiesIn(temporaryDirectory: string): Promise<string[]> {
  return (await readdir(temporaryDirectory)).filter((name) => name.startsWith("syncline-migrate-"));
}
