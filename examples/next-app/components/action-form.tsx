"use client";

import {
  type FormEvent,
  type ReactNode,
  startTransition,
  useActionState,
  useEffect,
  useId,
  useRef,
  useState,
} from "react";
import type { Outcome } from "../lib/outcome.ts";

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type: "email" | "password" | "text";
  readonly autoComplete: string;
  readonly hint?: string;
  readonly isOptional?: boolean;
}

interface Props {
  readonly action: (before: Outcome, form: FormData) => Promise<Outcome>;
  readonly submit: string;
  /** A second button. It sends `way=other`. */
  readonly other?: string;
  readonly fields?: readonly Field[];
  readonly isDangerous?: boolean;
  readonly isQuiet?: boolean;
  /** Whether the form is gone after it succeeded. */
  readonly isOnce?: boolean;
  /** Values that the user does not enter. */
  readonly hidden?: Readonly<Record<string, string>>;
}

/** The outcome before the first action. */
export const NOTHING: Outcome = { fault: null, done: null, email: "" };

/** A form of a server action. It works without scripts too; with scripts, it keeps all that was typed if the action fails. */
export function ActionForm(props: Props): ReactNode {
  const { action, submit, other, fields = [], hidden = {} } = props;
  const { isDangerous = false, isQuiet = false, isOnce = false } = props;
  const [outcome, send, isBusy] = useActionState(action, NOTHING);
  const { fault, done, email } = outcome;
  const id = useId();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (outcome.done !== null) form.current?.reset();
    if (outcome.fault !== null) form.current?.querySelector<HTMLElement>("input:not([type=hidden])")?.focus();
  }, [outcome]);
  const submitOnce = (event: FormEvent<HTMLFormElement>): void => {
    // React would empty a form that it sends itself.
    event.preventDefault();
    if (isBusy) return;
    const { nativeEvent, currentTarget } = event;
    const button = nativeEvent instanceof SubmitEvent ? nativeEvent.submitter : null;
    const entered = new FormData(currentTarget, button);
    startTransition(() => send(entered));
  };
  if (isOnce && done !== null) return <Done>{done}</Done>;
  return (
    <form ref={form} action={send} onSubmit={submitOnce} className="card">
      {Object.entries(hidden).map(([name, value]) => (
        <input key={name} type="hidden" name={name} value={value} />
      ))}
      {fields.map(({ name, label, hint, isOptional = false, ...input }) => (
        <p key={name} className="field">
          <label htmlFor={`${id}-${name}`}>{label}</label>
          <input
            id={`${id}-${name}`}
            name={name}
            {...input}
            inputMode={name === "code" ? "numeric" : undefined}
            defaultValue={input.type === "email" ? email : ""}
            required={!isOptional}
            aria-invalid={fault !== null}
            aria-describedby={`${id}-${name}-hint ${id}-fault`}
          />
          <span id={`${id}-${name}-hint`} className="hint">
            {hint}
          </span>
        </p>
      ))}
      <div className="row">
        <button
          type="submit"
          className={isDangerous ? "danger" : isQuiet ? "quiet" : undefined}
          aria-disabled={isBusy}
        >
          {submit}
        </button>
        {other === undefined ? null : (
          <button type="submit" name="way" value="other" className="quiet" aria-disabled={isBusy}>
            {other}
          </button>
        )}
      </div>
      <div className="said">
        <p id={`${id}-fault`} className="fault" role="alert">
          {fault}
        </p>
        <p role="status">{done}</p>
      </div>
    </form>
  );
}

/** Tells what was done. It gets the focus, because the button that had it was removed. */
function Done({ children }: { readonly children: string }): ReactNode {
  const said = useRef<HTMLParagraphElement>(null);
  useEffect(() => said.current?.focus(), []);
  return (
    <p ref={said} className="card" role="status" tabIndex={-1}>
      {children}
    </p>
  );
}

/**
 * A form of a page that a link of a message opens. It removes the token from the address. Only the press of the button sends
 * the token, because programs that check mail open links too.
 */
export function TokenForm({
  token,
  ...props
}: Omit<Props, "hidden" | "isOnce"> & { readonly token: string | null }): ReactNode {
  // Next may render the page again without the token, because the address has none any more.
  const [kept] = useState(token);
  useEffect(() => {
    if (location.search.includes("token=")) history.replaceState(null, "", location.pathname);
  }, []);
  if (kept === null)
    return <p className="error">This link is not complete. Open it from the message once more.</p>;
  return (
    <>
      {/* Without a Referer, browsers send a plain form with Origin: null, which server actions refuse. */}
      <noscript>
        <p className="error">This page needs JavaScript.</p>
      </noscript>
      <ActionForm {...props} isOnce hidden={{ token: kept }} />
    </>
  );
}
