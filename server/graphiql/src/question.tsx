/** Confirmation of a destructive operation before it is run. */

import { useEffect, useRef } from "react";

import type { Endings } from "./endings";
import { texts } from "./texts";

interface Props {
  endings: Endings;
  onAnswer(run: boolean): void;
}

export function Question({ endings: { operation, mutations, ids }, onAnswer }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const no = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // A second Ctrl-Enter must not confirm.
    no.current?.focus();
  }, []);

  return (
    <dialog
      ref={dialog}
      className="portal-dialog"
      role="alertdialog"
      aria-labelledby="question-title"
      aria-describedby="question-effect"
      onClose={() => onAnswer(false)}
    >
      <h2 id="question-title">
        {texts.runQuestion} {mutations.join(", ")}?
      </h2>
      <div id="question-effect">
        {mutations.map((name) => (
          <p key={name}>{texts.ends[name]}</p>
        ))}
        <dl>
          {operation !== null && (
            <div>
              <dt>{texts.operation}</dt>
              <dd>{operation}</dd>
            </div>
          )}
          {ids.map(({ name, id }, place) => (
            <div key={place}>
              <dt>{name}</dt>
              <dd>{id || "—"}</dd>
            </div>
          ))}
        </dl>
      </div>
      <div className="portal-actions">
        <button type="button" ref={no} onClick={() => onAnswer(false)}>
          {texts.doNotRun}
        </button>
        <button type="button" className="portal-danger" onClick={() => onAnswer(true)}>
          {texts.run}
        </button>
      </div>
    </dialog>
  );
}
