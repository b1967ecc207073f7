/** GraphiQL below a bar that says who is signed in. */

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { useEffect, useState } from "react";

import { ask, isUnauthenticated, type Params, signOut, withOwnName } from "./api";
import * as sessions from "./session";
import type { Session } from "./session";
import { type DemoUser, SignIn } from "./signin";
import { storage } from "./storage";
import { ownerOfTabs, renewTabs } from "./tabs";

const WELCOME = "The tabs are ready-made for each screen of the portal, and work on what you may see there.";
const ENDED = "Your session has ended. Sign in again to go on where you were.";
const NEEDED = "That operation needs somebody who is signed in.";

const explorer = explorerPlugin();
const PLUGINS = [explorer, HISTORY_PLUGIN];
const WIDE = matchMedia("(min-width: 800px)").matches;

export function App({ demoUsers }: { demoUsers: DemoUser[] }) {
  const [session, setSession] = useState(sessions.kept);
  const [reason, setReason] = useState(session ? null : WELCOME);
  // GraphiQL reads its tabs once: it is made again when others are stored.
  const [generation, setGeneration] = useState(0);

  function end() {
    sessions.drop();
    setSession(null);
    setReason(ENDED);
  }

  useEffect(() => {
    if (session) {
      const timer = setTimeout(end, sessions.millisecondsLeft(session));
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [session]);

  async function renew(of: Session) {
    await renewTabs(of);
    setGeneration((before) => before + 1);
  }

  async function begin(begun: Session) {
    const owner = ownerOfTabs();
    if (owner !== null && owner !== begun.email) {
      // What the other one typed and was answered is not this one's to see.
      sessions.forget();
    }
    sessions.keep(begun);
    if (owner !== begun.email) {
      await renew(begun);
    }
    setSession(begun);
    setReason(null);
  }

  async function leave(left: Session) {
    // Whether or not the portal can be told, this tab forgets it; and what was answered is on the page, so it goes too.
    await signOut(left).catch(() => undefined);
    sessions.forget();
    location.reload();
  }

  const [fetcher] = useState(() => async (params: Params, options?: { headers?: Record<string, string> }) => {
    if (params.operationName === "IntrospectionQuery") {
      return ask(params);
    }
    const headers = options?.headers ?? {};
    const ownToken = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    const current = sessions.kept();
    const answer = await ask(withOwnName(params), ownToken ? null : (current?.token ?? null), headers);
    if (!ownToken && isUnauthenticated(answer)) {
      if (current) {
        end();
      } else {
        setReason(NEEDED);
      }
    }
    return answer;
  });

  return (
    <>
      <header className="portal-bar">
        <div>
          <h1>
            Portal do Parceiro <span>GraphiQL</span>
          </h1>
          {session && (
            <p title={session.email}>
              {session.name} <span>{session.partner}</span>
            </p>
          )}
        </div>
        {session ? (
          <>
            <button type="button" title="Fill the ready-made tabs with ids of now" onClick={() => void renew(session)}>
              New examples
            </button>
            <button type="button" onClick={() => void leave(session)}>
              Sign out
            </button>
          </>
        ) : (
          <button type="button" className="portal-primary" onClick={() => setReason(WELCOME)}>
            Sign in
          </button>
        )}
      </header>
      <main>
        <GraphiQL
          key={generation}
          fetcher={fetcher}
          storage={storage}
          plugins={PLUGINS}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          {...(WIDE && { visiblePlugin: explorer })}
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
        </GraphiQL>
      </main>
      {reason !== null && (
        <SignIn reason={reason} demoUsers={demoUsers} onSignedIn={begin} onClose={() => setReason(null)} />
      )}
    </>
  );
}
