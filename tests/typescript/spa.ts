// Uses the clients of the documentation against a portal, and prints what each of them saw.
import { portalClient as apolloClient } from "./apollo";
import { cancelClient, registerClient as registerByApollo } from "./apollo-clients";
import { trustedClient as trustedApollo } from "./apollo-trusted";
import { cnpj, money } from "./format";
import { Clients } from "./operations";
import type { Session } from "./session";
import { portalClient as urqlClient } from "./urql";
import { registerClient as registerByUrql } from "./urql-clients";
import { trustedClient as trustedUrql } from "./urql-trusted";

declare const process: { env: Record<"URL" | "TOKEN" | "CNPJ_OF_APOLLO" | "CNPJ_OF_URQL", string> };
const { URL: url, TOKEN: token, CNPJ_OF_APOLLO, CNPJ_OF_URQL } = process.env;

const texts: string[] = [];
const send = globalThis.fetch;
globalThis.fetch = (input, init) => {
  texts.push(decodeURIComponent(String(input)) + String(init?.body ?? ""));
  return send(input, init);
};

function session(token: string): Session & { ended: boolean } {
  const made = { token, ended: false, onEnd: () => void (made.ended = true) };
  return made;
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !holds(); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function apollo() {
  const client = apolloClient(url, session(token));
  const paged = client.watchQuery({ query: Clients, variables: { first: 2 } });
  const pages = paged.subscribe(() => undefined);
  const edges = (): number => paged.getCurrentResult().data?.clients?.edges?.length ?? 0;
  await until(() => edges() === 2);
  await paged.fetchMore({ variables: { after: paged.getCurrentResult().data?.clients?.pageInfo?.endCursor ?? null } });
  await until(() => edges() > 2);
  const both = edges();
  pages.unsubscribe();

  const names: string[][] = [];
  const watched = client.watchQuery({ query: Clients, variables: { search: "Apollo Client" } });
  const watching = watched.subscribe(({ data, loading, dataState }) => {
    if (!loading && dataState === "complete") {
      names.push(data.clients.edges.map(({ node }) => node.name));
    }
  });
  await until(() => names.length === 1);
  const registered = await registerByApollo(client, { cnpj: CNPJ_OF_APOLLO, name: "Apollo Client" });
  await until(() => names.at(-1)?.length === 1);
  await cancelClient(client, registered?.client?.id ?? "");
  await until(() => names.at(-1)?.length === 0);
  watching.unsubscribe();

  const ending = session("unknown");
  await apolloClient(url, ending).query({ query: Clients }).catch(() => undefined);
  texts.length = 0;
  const trusted = await trustedApollo(url, session(token)).query({ query: Clients, variables: { first: 2 } });
  return {
    edges: both,
    names: names.filter((each, index) => String(each) !== String(names[index - 1])),
    ended: ending.ended,
    trusted: trusted.data?.clients.edges.length,
    sentText: texts.some((text) => text.includes("clients(")),
    requests: texts.length,
  };
}

async function urql() {
  const client = urqlClient(url, session(token));
  const first = await client.query(Clients, { first: 2 }).toPromise();
  const after = first.data?.clients.pageInfo.endCursor ?? null;
  const both = await client.query(Clients, { first: 2, after }).toPromise();

  const names: string[][] = [];
  const watching = client.query(Clients, { search: "Cliente urql" }).subscribe(({ data, stale }) => {
    if (data && !stale) {
      names.push(data.clients.edges.map(({ node }) => node.name));
    }
  });
  await until(() => names.length === 1);
  await registerByUrql(client, { cnpj: CNPJ_OF_URQL, name: "Cliente urql" });
  await until(() => names.at(-1)?.length === 1);
  watching.unsubscribe();

  const ending = session("unknown");
  await urqlClient(url, ending).query(Clients, {}).toPromise();
  texts.length = 0;
  const trusted = await trustedUrql(url, session(token)).query(Clients, { first: 2 }).toPromise();
  return {
    edges: both.data?.clients.edges.length,
    names,
    ended: ending.ended,
    trusted: trusted.data?.clients.edges.length,
    sentText: texts.some((text) => text.includes("clients(")),
    requests: texts.length,
  };
}

const formats = { money: money("9007199254740993.10"), cnpj: cnpj("12ABC34501DE35") };
console.log(JSON.stringify({ apollo: await apollo(), urql: await urql(), formats }));
