/** The page at `/` of a server that does not serve the demo: that it runs, and how to connect. */
import { remarksOn, type ServerStatus } from "./server-status.js";

export function statusPage(status: ServerStatus): string {
  const { version, connectionCount, roomCount, isReady } = status;
  return `<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <title>Syncline</title>
  <style>
    :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif; }
    body { max-width: 34rem; margin: 12vh auto; padding: 0 1.25rem; }
    code { background: color-mix(in srgb, currentColor 10%, transparent); padding: .1em .35em; border-radius: .3em; }
    dl { display: grid; grid-template-columns: auto 1fr; gap: .2rem 1.5rem; } dd { margin: 0; }
  </style>
  <h1>Syncline</h1>
  <p>This is a sync server for Yjs documents, version ${version}. Open a document over WebSocket:</p>
  <p><code>new WebsocketProvider("ws://" + location.host, "my-document", doc)</code></p>
  <dl>
    <dt>State</dt><dd>${isReady ? "ready" : "not ready: the store refuses writes, or the server is shutting down"}</dd>
    <dt>Connections</dt><dd>${connectionCount}</dd>
    <dt>Documents in use</dt><dd>${roomCount}</dd>${remarksOn(status)
      .map((remark) => `\n    <dt>Note</dt><dd>${remark}</dd>`)
      .join("")}
  </dl>
  <p>Start it with <code>--demo</code> to see it work on this page.</p>
</html>
`;
}
