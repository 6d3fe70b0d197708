/** What this library calls itself in `hello`. A test compares it with package.json. */
export const clientName = "@syncline/client 0.1.0";
