/**
 * A real Chromium, wherever the tests run: the one named by CHROME_PATH, else one that is installed, else the one that
 * npm installs (@sparticuz/chromium, Linux x64), which brings the libraries a bare Debian lacks.
 */
import { execFile } from "node:child_process";
import { accessSync, constants, rmSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser, type BrowserContext } from "playwright-core";

export interface TestBrowser {
  readonly browser: Browser;
  /** Where it was found, for people. */
  readonly origin: string;
  /** Closes it and removes what was unpacked for it. */
  readonly close: () => Promise<void>;
}

export interface TestProfile {
  readonly context: BrowserContext;
  /** Of the browser's main process. */
  readonly pid: number;
  readonly close: () => Promise<void>;
}

type BrowserSource =
  | { readonly kind: "executable"; readonly path: string; readonly origin: string }
  /** Unpacked into a directory of its own for each launch. */
  | { readonly kind: "npm"; readonly origin: string };

interface Launchable {
  readonly executablePath: string;
  readonly env: Record<string, string>;
  readonly dispose: () => Promise<void>;
}

/** No sandbox: CI containers run as root. The rest keeps it from talking to anyone but the page. */
const launchArgs = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

const commandNames = [
  "google-chrome",
  "google-chrome-stable",
  "chromium",
  "chromium-browser",
  "microsoft-edge",
  "microsoft-edge-stable",
];

/** Below the directories where macOS and Windows keep applications. */
const applicationPaths = [
  "Google Chrome.app/Contents/MacOS/Google Chrome",
  "Chromium.app/Contents/MacOS/Chromium",
  "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
  "Google/Chrome/Application/chrome.exe",
  "Microsoft/Edge/Application/msedge.exe",
];

/**
 * Whether browser tests can run. If not, says so where nobody can overlook it, so that skipped tests are not taken for
 * passed ones.
 *
 * @throws {Error} with CI=true and no browser
 */
export function isBrowserAvailable(): boolean {
  if (browserSources().length > 0) return true;
  const message = "No Chromium was found: the browser tests are NOT run. Set CHROME_PATH to one.";
  if (process.env["CI"] === "true") throw new Error(message);
  const line = "!".repeat(message.length + 8);
  console.warn(`\n${line}\n!!  ${message}  !!\n${line}\n`);
  return false;
}

export async function launchBrowser(): Promise<TestBrowser> {
  return firstThatStarts(async (source) => {
    const { started: browser, dispose } = await launch(source, (options) => chromium.launch(options));
    return {
      browser,
      origin: source.origin,
      close: async () => {
        await browser.close();
        await dispose();
      },
    };
  });
}

/** A browser that keeps what pages store in `directory`, as a person's does, for the next that is launched with it. */
export async function launchProfile(directory: string): Promise<TestProfile> {
  return firstThatStarts(async (source) => {
    const { started: context, dispose } = await launch(source, (options) =>
      chromium.launchPersistentContext(directory, options),
    );
    return {
      context,
      pid: await browserPid(context),
      close: async () => {
        await context.close();
        await dispose();
      },
    };
  });
}

/** The first browser that starts: one that is installed may be a stub that only says how to install it. */
async function firstThatStarts<Started>(start: (source: BrowserSource) => Promise<Started>): Promise<Started> {
  const failures: unknown[] = [];
  for (const source of browserSources()) {
    try {
      return await start(source);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `no browser could be started:\n${failures.map(String).join("\n")}`);
}

function browserSources(): readonly BrowserSource[] {
  const chosen = process.env["CHROME_PATH"];
  if (chosen) return [{ kind: "executable", path: chosen, origin: "CHROME_PATH" }];
  const installed = installedBrowsers().map((path) => ({ kind: "executable", path, origin: path }) as const);
  const hasNpmChromium = process.platform === "linux" && process.arch === "x64";
  return hasNpmChromium ? [...installed, { kind: "npm", origin: "@sparticuz/chromium" }] : installed;
}

function installedBrowsers(): readonly string[] {
  const { PATH = "", ProgramFiles = "", LOCALAPPDATA = "" } = process.env;
  const programs = [ProgramFiles, process.env["ProgramFiles(x86)"] ?? "", LOCALAPPDATA];
  const applicationFolders = { darwin: ["/Applications"], win32: programs.filter((folder) => folder !== "") };
  const folders = applicationFolders[process.platform as "darwin" | "win32"] ?? [];
  return [
    ...PATH.split(delimiter).flatMap((folder) => commandNames.map((name) => join(folder, name))),
    ...folders.flatMap((folder) => applicationPaths.map((path) => join(folder, path))),
  ].filter(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

interface LaunchOptions {
  readonly executablePath: string;
  readonly args: string[];
  readonly env: Record<string, string>;
}

async function launch<Started>(
  source: BrowserSource,
  start: (options: LaunchOptions) => Promise<Started>,
): Promise<{ readonly started: Started; readonly dispose: () => Promise<void> }> {
  const { executablePath, env, dispose } =
    source.kind === "npm"
      ? await unpackNpmChromium()
      : { executablePath: source.path, env: {}, dispose: async () => {} };
  try {
    return { started: await start({ executablePath, args: launchArgs, env: { ...definedEnv(), ...env } }), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

async function browserPid(context: BrowserContext): Promise<number> {
  const session = await context.browser()?.newBrowserCDPSession();
  const { processInfo } = (await session?.send("SystemInfo.getProcessInfo")) ?? { processInfo: [] };
  const browser = processInfo.find(({ type }) => type === "browser");
  if (!browser) throw new Error("the browser does not tell its process id");
  return browser.id;
}

function definedEnv(): Record<string, string> {
  const entries = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}

/** Unpacks in a process of its own: the package reads TMPDIR and writes other variables of its process. */
async function unpackNpmChromium(): Promise<Launchable> {
  const directory = await mkdtemp(join(tmpdir(), "syncline-chromium-"));
  const removeAtExit = () => rmSync(directory, { recursive: true, force: true });
  process.once("exit", removeAtExit);
  const dispose = async () => {
    process.off("exit", removeAtExit);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  };
  const script = `import chromium from "@sparticuz/chromium"; process.stdout.write(await chromium.executablePath());`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, TMPDIR: directory, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" },
  });
  return { executablePath: stdout, env: await npmChromiumEnv(directory), dispose };
}

async function npmChromiumEnv(directory: string): Promise<Record<string, string>> {
  const fontsFile = join(directory, "fonts.conf");
  await writeFile(fontsFile, fontConfiguration(directory));
  return { LD_LIBRARY_PATH: join(directory, "al2023", "lib"), FONTCONFIG_FILE: fontsFile };
}

/** The machine's fonts, if it has any, and the one that came with the browser for "the system's": pictures look alike. */
function fontConfiguration(directory: string): string {
  const preferShipped = ["system-ui", "sans-serif"].map(
    (family) =>
      `<match target="pattern"><test name="family"><string>${family}</string></test>` +
      `<edit name="family" mode="prepend" binding="strong"><string>Open Sans</string></edit></match>`,
  );
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(directory, "fonts")}</dir>
  <cachedir>${join(directory, "font-cache")}</cachedir>
  ${preferShipped.join("\n  ")}
</fontconfig>
`;
}
