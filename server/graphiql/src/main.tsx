import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./style.css";

import { createRoot } from "react-dom/client";

import { App } from "./app";
import type { DemoUser } from "./signin";
import { prepareTabs } from "./tabs";

const offered = document.querySelector<HTMLMetaElement>('meta[name="demo-users"]')?.content ?? "[]";
const root = document.getElementById("root");
if (root) {
  prepareTabs();
  createRoot(root).render(<App demoUsers={JSON.parse(offered) as DemoUser[]} />);
}
