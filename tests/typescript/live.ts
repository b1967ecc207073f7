// Follows events with the client of the documentation, and prints what it saw.
import WebSocket from "ws";
import { type Followed, clientOf, follow } from "./follow";

declare const process: { env: Record<"URL" | "TOKEN" | "CNPJS", string>; exit(code: number): never };
const { URL: url, TOKEN: token, CNPJS } = process.env;
const cnpjs = CNPJS.split(" ");
// Node.js has none of its own before version 22.
Object.assign(globalThis, { WebSocket });

async function ask<Data>(query: string, variables: object = {}): Promise<Data> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const body = JSON.stringify({ query, variables });
  const answer = (await (await fetch(url, { method: "POST", headers, body })).json()) as { data: Data };
  return answer.data;
}

async function register(): Promise<void> {
  const query = "mutation ($input: RegisterClientInput!) { registerClient(input: $input) { userErrors { code } } }";
  await ask(query, { input: { cnpj: cnpjs.pop(), name: "Cliente" } });
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const lastNumber = async () =>
  (await ask<{ events: { nodes: { number: number }[] } }>("{ events(last: 1) { nodes { number } } }")).events.nodes[0].number;

const client = clientOf(url.replace("http", "ws"), () => token);
const seen: number[] = [];
let pings = 0;
let broken = true;
client.on("ping", () => void (pings += 1));
const before = await lastNumber();

function onEvent({ number }: Followed): void {
  if (number === before + 3 && broken) {
    broken = false;
    throw new Error("The first try fails.");
  }
  seen.push(number - before);
}

const ended = follow(client, null, onEvent).catch((reason: { code: number }) => reason.code);
// The connection is lost before the first event, and what happens meanwhile comes later.
await until(() => pings === 1);
client.terminate();
await register();
await until(() => seen.length === 1);
// It is lost after an event too, and then an event is not dealt with at the first try.
client.terminate();
await register();
await until(() => seen.length === 2);
await register();
await until(() => seen.length === 3);
await ask("mutation { signOut { signedOut } }");

console.log(JSON.stringify({ seen, code: await ended }));
process.exit(0);
