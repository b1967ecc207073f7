/** Sign-in dialog, which can be closed to use the page without a session. */

import { type FormEvent, useEffect, useRef, useState } from "react";

import { type SecondStep, confirmSignIn, signIn } from "./api";
import type { Session } from "./session";
import { texts } from "./texts";

/** A user whom a demonstration offers. */
export interface DemoUser {
  partner: string;
  name: string;
  role: string;
  email: string;
  password: string;
}

interface Props {
  reason: string;
  demoUsers: DemoUser[];
  onSignedIn(session: Session): Promise<void>;
  onClose(): void;
}

export function SignIn({ reason, demoUsers, onSignedIn, onClose }: Props) {
  const [email, setEmail] = useState(demoUsers[0]?.email ?? "");
  const [password, setPassword] = useState(demoUsers[0]?.password ?? "");
  const [secondStep, setSecondStep] = useState<SecondStep | null>(null);
  const [code, setCode] = useState("");
  const [failure, setFailure] = useState("");
  const [waiting, setWaiting] = useState(false);
  const dialog = useRef<HTMLDialogElement>(null);
  const first = useRef<HTMLInputElement>(null);
  const codeInput = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (secondStep) {
      codeInput.current?.focus();
    }
  }, [secondStep]);
  useEffect(() => {
    dialog.current?.showModal();
    // Enter signs in, also below the buttons of the demo users.
    first.current?.focus();
  }, []);

  function choose(chosen: string) {
    const user = demoUsers.find((one) => one.email === chosen);
    if (user) {
      setEmail(user.email);
      setPassword(user.password);
    }
  }

  async function submit(event: FormEvent) {
    event.preventDefault();
    setWaiting(true);
    setFailure("");
    try {
      const answer = secondStep ? await confirmSignIn(secondStep, code) : await signIn(email, password);
      if ("challenge" in answer) {
        setSecondStep(answer);
        setWaiting(false);
      } else {
        await onSignedIn(answer);
      }
    } catch (error) {
      // If the server is unreachable, the browser's own message says no more than that.
      setFailure(error instanceof TypeError ? texts.unreachable : String((error as Error).message));
      setWaiting(false);
    }
  }

  function startAgain() {
    setSecondStep(null);
    setCode("");
    setFailure("");
  }

  return (
    <dialog ref={dialog} className="portal-dialog" aria-labelledby="sign-in-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="sign-in-title">{texts.signIn}</h2>
        <p>{secondStep ? texts.codeNeeded : reason}</p>
        {secondStep && (
          <label>
            {texts.code}
            <input
              name="code"
              autoComplete="one-time-code"
              required
              ref={codeInput}
              value={code}
              onChange={(event) => setCode(event.target.value)}
            />
          </label>
        )}
        {!secondStep && demoUsers.length > 0 && (
          <label>
            {texts.demoUser}
            <select value={email} onChange={(event) => choose(event.target.value)}>
              {[...new Set(demoUsers.map((user) => user.partner))].map((partner) => (
                <optgroup key={partner} label={partner}>
                  {demoUsers
                    .filter((user) => user.partner === partner)
                    .map((user) => (
                      <option key={user.email} value={user.email}>
                        {user.name} ({texts.roles[user.role]})
                      </option>
                    ))}
                </optgroup>
              ))}
            </select>
          </label>
        )}
        {!secondStep && (
          <>
            <label>
              {texts.email}
              <input
                type="email"
                name="email"
                autoComplete="username"
                required
                ref={first}
                value={email}
                onChange={(event) => setEmail(event.target.value)}
              />
            </label>
            <label>
              {texts.password}
              <input
                type="password"
                name="password"
                autoComplete="current-password"
                required
                value={password}
                onChange={(event) => setPassword(event.target.value)}
              />
            </label>
          </>
        )}
        <p className="portal-failure" role="alert">
          {failure}
        </p>
        <div className="portal-actions">
          {secondStep ? (
            <button type="button" onClick={startAgain}>
              {texts.back}
            </button>
          ) : (
            <button type="button" onClick={() => dialog.current?.close()}>
              {texts.lookAround}
            </button>
          )}
          <button type="submit" className="portal-primary" disabled={waiting}>
            {waiting ? texts.signingIn : texts.signIn}
          </button>
        </div>
      </form>
    </dialog>
  );
}
