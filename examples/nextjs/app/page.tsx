import { SynclineProvider } from "@syncline/client/react";
import { Notes } from "./notes";
import { Status } from "./status";

interface PageProps {
  readonly searchParams: Promise<Record<string, string | undefined>>;
}

/** Rendered on the server: a name that is made up here is the same in the browser. */
export default async function Page({ searchParams }: PageProps) {
  const query = await searchParams;
  const guest = Math.floor(Math.random() * 1000);
  const { server = "ws://127.0.0.1:1234", room = "example-nextjs", name = `Guest ${guest}` } = query;
  const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;
  return (
    <SynclineProvider url={server} name={room}>
      <h1>Next.js</h1>
      <p id="status" role="status">
        <Status />
      </p>
      <Notes me={{ name, color }} />
      <p className="hint">
        One list for everybody who has this page open. What is typed shows while it is typed.
      </p>
    </SynclineProvider>
  );
}
