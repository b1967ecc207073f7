/** GraphiQL below a bar that says who is signed in. */

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { GraphiQL } from "graphiql";
import { useEffect, useRef, useState } from "react";

import { type Answer, ask, isUnauthenticated, type Params, signOut, withOwnName } from "./api";
import { type Endings, endingsOf, isIntrospection } from "./endings";
import { Question } from "./question";
import * as sessions from "./session";
import type { Session } from "./session";
import { type DemoUser, SignIn } from "./signin";
import { opened } from "./storage";
import { follow, isSubscription } from "./subscription";
import { ownerOfTabs, renewTabs } from "./tabs";
import { texts } from "./texts";

const explorer = explorerPlugin();
const PLUGINS = [explorer, HISTORY_PLUGIN];
const WIDE = matchMedia("(min-width: 800px)").matches;

interface Asked {
  endings: Endings;
  answer(run: boolean): void;
}

export function App({ demoUsers }: { demoUsers: DemoUser[] }) {
  const [session, setSession] = useState(sessions.kept);
  const [reason, setReason] = useState(session ? null : texts.welcome);
  // GraphiQL reads its tabs once, so it is mounted again when others are stored.
  const [mounted, setMounted] = useState(() => ({ generation: 0, storage: opened() }));
  const [asked, setAsked] = useState<Asked | null>(null);
  const schemaRefused = useRef(false);
  const demonstration = demoUsers.length > 0;

  function end() {
    sessions.drop();
    setSession(null);
    setReason(texts.sessionEnded);
  }

  useEffect(() => {
    if (session) {
      const timer = setTimeout(end, sessions.millisecondsLeft(session));
      return () => clearTimeout(timer);
    }
    return undefined;
  }, [session]);

  function mountAgain() {
    setMounted(({ generation }) => ({ generation: generation + 1, storage: opened() }));
  }

  async function renew(of: Session) {
    await renewTabs(of, demonstration);
    mountAgain();
  }

  async function begin(begun: Session) {
    const owner = ownerOfTabs();
    if (owner !== null && owner !== begun.email) {
      // This user must not see what the previous one typed or was answered.
      mounted.storage.close();
      sessions.forget();
    }
    sessions.keep(begun);
    if (owner !== begun.email) {
      await renew(begun);
    } else if (schemaRefused.current) {
      // Outside of a demonstration the schema is for the signed in: GraphiQL asks for it when it is mounted.
      mountAgain();
    }
    setSession(begun);
    setReason(null);
  }

  async function leave(left: Session) {
    mounted.storage.close();
    // This tab forgets the session even if the request fails. The answers on the page are removed too.
    await signOut(left).catch(() => undefined);
    sessions.forget();
    location.reload();
  }

  function mayRun(endings: Endings): Promise<boolean> {
    return new Promise((resolve) => {
      setAsked({
        endings,
        answer(run) {
          setAsked(null);
          resolve(run);
        },
      });
    });
  }

  const [fetcher] = useState(() => async (params: Params, options?: { headers?: Record<string, string> }) => {
    if (params.operationName === "IntrospectionQuery" && isIntrospection(params)) {
      const described = await ask(params, sessions.kept()?.token ?? null);
      schemaRefused.current = isUnauthenticated(described);
      return described;
    }
    const endings = demonstration ? null : endingsOf(withOwnName(params));
    if (endings) {
      const token = sessions.kept()?.token;
      // One user's answer must not be shown to the next one.
      if (!(await mayRun(endings)) || sessions.kept()?.token !== token) {
        return { errors: [{ message: texts.notRun }] };
      }
    }
    const headers = options?.headers ?? {};
    const ownToken = Object.keys(headers).some((name) => name.toLowerCase() === "authorization");
    const current = sessions.kept();
    function notice(answer: Answer) {
      if (!ownToken && isUnauthenticated(answer)) {
        if (current) {
          end();
        } else {
          setReason(texts.sessionNeeded);
        }
      }
    }
    const named = withOwnName(params);
    const token = ownToken ? null : (current?.token ?? null);
    if (isSubscription(named)) {
      return follow(named, token, headers, notice);
    }
    const answer = await ask(named, token, headers);
    notice(answer);
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
            <button type="button" title={texts.newExamplesHint} onClick={() => void renew(session)}>
              {texts.newExamples}
            </button>
            <button type="button" onClick={() => void leave(session)}>
              {texts.signOut}
            </button>
          </>
        ) : (
          <button type="button" className="portal-primary" onClick={() => setReason(texts.welcome)}>
            {texts.signIn}
          </button>
        )}
      </header>
      {/* GraphiQL itself speaks English only. */}
      <main lang="en">
        <GraphiQL
          key={mounted.generation}
          fetcher={fetcher}
          storage={mounted.storage}
          plugins={PLUGINS}
          defaultEditorToolsVisibility="variables"
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
          {...(WIDE && { visiblePlugin: explorer })}
        >
          <GraphiQL.Logo>{null}</GraphiQL.Logo>
        </GraphiQL>
      </main>
      {asked && <Question endings={asked.endings} onAnswer={asked.answer} />}
      {reason !== null && (
        <SignIn reason={reason} demoUsers={demoUsers} onSignedIn={begin} onClose={() => setReason(null)} />
      )}
    </>
  );
}
