import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./style.css";

import { createRoot } from "react-dom/client";

import { App } from "./app";
import { language } from "./language";
import type { DemoUser } from "./signin";
import { prepareTabs } from "./tabs";

const offered = document.querySelector<HTMLMetaElement>('meta[name="demo-users"]')?.content ?? "[]";
const root = document.getElementById("root");
document.documentElement.lang = language;
if (root) {
  const demoUsers = JSON.parse(offered) as DemoUser[];
  prepareTabs(demoUsers.length > 0);
  createRoot(root).render(<App demoUsers={demoUsers} />);
}
