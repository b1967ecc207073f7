/** Ready-made tabs: the screens with their comments, and with examples in their variables. */

import type { Example, Examples, Found } from "./examples";
import { language } from "./language";
import { type Screen, SCREENS } from "./screens";
import type { Session } from "./session";
import { texts } from "./texts";
import { VENDOR_SCREENS } from "./vendor-screens";

export interface ReadyTab {
  query: string;
  variables: string;
}

/** Comments stay readable beside the panes of a laptop's screen. */
const COMMENT_WIDTH = 38;

/** Return the tabs that the user may run; without a user, all of a partner's without examples. */
export function readyTabs(found: Found, demonstration: boolean, session?: Session): ReadyTab[] {
  const screens = session?.ofVendor ? VENDOR_SCREENS : SCREENS;
  return screens
    .filter(({ permission }) => session?.permissions.includes(permission) ?? true)
    .map((screen) => readyTab(screen, found, demonstration));
}

export function isReadyMade(query: string | null): boolean {
  const operation = query?.replace(/^(?:\s*#.*\n)+/, "");
  return [...SCREENS, ...VENDOR_SCREENS].some((screen) => screen.query === operation);
}

function readyTab(screen: Screen, found: Found, demonstration: boolean): ReadyTab {
  // Outside of demo mode an accidental key press must not change a real object.
  const withheld = !demonstration && screen.query.startsWith("mutation");
  const missing: Example[] = [];
  const examples = new Proxy({} as Examples, {
    get(_, name: Example) {
      const example = withheld ? undefined : found?.[name];
      if (example === undefined) {
        missing.push(name);
      }
      return example ?? "";
    },
  });
  const variables = JSON.stringify(screen.variables(examples), null, 2);
  const notes = found ? missing.map((name) => (withheld ? texts.fillIn : texts.noExample[name])) : [];
  const lines = [screen.label, screen.about[language], ...new Set(notes)].filter((line) => line !== "");
  return { query: lines.map(comment).join("") + screen.query, variables };
}

function comment(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > COMMENT_WIDTH) {
      lines.push(` ${word}`);
    } else {
      lines[lines.length - 1] = line;
    }
  }
  return lines.map((line) => `#${line}\n`).join("");
}
