/** Tabs as GraphiQL stores them, including the ready-made ones. */

import { findExamples } from "./examples";
import { isReadyMade, readyTabs, type ReadyTab } from "./ready";
import type { Session } from "./session";
import { storage } from "./storage";

const KEY = "graphiql:tabState";
const OWNER = "portal:tabs-of";

interface Tab {
  id: string;
  title: string;
  query: string | null;
  variables: string | null;
  headers: string | null;
  operationName: string | null;
  response: null;
}

interface Tabs {
  tabs: Tab[];
  activeTabIndex: number;
}

/** Store the ready-made tabs if there are none, without a partner's data. */
export function prepareTabs(demonstration: boolean): void {
  if (storage.getItem(KEY) === null) {
    store(readyTabs(null, demonstration).map(tab), 0);
  }
}

/** Renew the ready-made tabs with the current data of the user's partner, and keep the others. */
export async function renewTabs(session: Session, demonstration: boolean): Promise<void> {
  const found = await findExamples(session);
  const before = stored();
  const active = before.tabs[before.activeTabIndex]?.query;
  const fresh = readyTabs(found, demonstration, session).map(tab);
  const tabs = [...fresh, ...before.tabs.filter(({ query }) => query !== null && !isReadyMade(query))];
  store(tabs, tabs.findIndex(({ query }) => query === active));
  storage.setItem(OWNER, session.email);
}

/** User whose objects the ready-made tabs name; null before the first sign-in. */
export function ownerOfTabs(): string | null {
  return storage.getItem(OWNER);
}

function store(tabs: Tab[], place: number): void {
  const activeTabIndex = Math.max(0, place);
  storage.setItem(KEY, JSON.stringify({ tabs, activeTabIndex } satisfies Tabs));
  // GraphiQL fills its editors from these, and finds their tab.
  storage.setItem("graphiql:query", tabs[activeTabIndex]?.query ?? "");
  storage.setItem("graphiql:variables", tabs[activeTabIndex]?.variables ?? "");
}

function stored(): Tabs {
  const text = storage.getItem(KEY);
  return text === null ? { tabs: [], activeTabIndex: 0 } : (JSON.parse(text) as Tabs);
}

function tab({ query, variables }: ReadyTab): Tab {
  const name = /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1] ?? null;
  return {
    id: crypto.getRandomValues(new Uint32Array(2)).join("-"),
    title: name ?? "",
    query,
    variables,
    headers: null,
    operationName: name,
    response: null,
  };
}
