import type { Result } from "@latchkey/client";
import { useAuthClient } from "@latchkey/client/react";
import { type Context, createContext, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { passwordEntry } from "./entries.ts";
import { EntryForm, type Values } from "./entry-form.tsx";

type Attempt = <T>(call: () => Promise<Result<T>>) => Promise<Result<T>>;

const StepUpContext: Context<Attempt> = createContext<Attempt>((call) => call());

/** Returns a function that makes a call, and asks for the password if the server requires a more recent sign-in. */
export function useStepUp(): Attempt {
  return useContext(StepUpContext);
}

/** Provides `useStepUp`, and shows its dialog. */
export function StepUp({ children }: { readonly children: ReactNode }): ReactNode {
  const { reauthenticate } = useAuthClient();
  const dialog = useRef<HTMLDialogElement>(null);
  const answer = useRef<(isRecent: boolean) => void>(() => undefined);
  const [isOpen, setOpen] = useState(false);

  // The form must be there first, because the dialog moves the focus to its first input.
  useEffect(() => {
    if (isOpen) dialog.current?.showModal();
  }, [isOpen]);

  const ask = (): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    answer.current = resolve;
    setOpen(true);
    return promise;
  };
  const close = (): void => {
    setOpen(false);
    // A later answer than the first has no effect.
    answer.current(false);
  };
  const confirm = async ({ password = "" }: Values): Promise<Result<unknown>> => {
    const result = await reauthenticate({ password });
    if (result.ok) {
      answer.current(true);
      dialog.current?.close();
    }
    return result;
  };
  const attempt: Attempt = async (call) => {
    const result = await call();
    if (result.ok || result.error.code !== "insufficient_user_authentication") return result;
    return (await ask()) ? call() : result;
  };
  return (
    <StepUpContext value={attempt}>
      {children}
      <dialog ref={dialog} aria-labelledby="step-up" onClose={close}>
        <h2 id="step-up">Enter your password</h2>
        <p className="hint">Your sign-in is too old for this change.</p>
        {isOpen ? (
          <EntryForm
            label="Continue"
            busyLabel="Checking…"
            entries={[passwordEntry]}
            send={confirm}
            blame={{
              invalid_credentials: {
                name: "password",
                isOfField: true,
                sentence: "This is not your password.",
              },
            }}
          />
        ) : null}
        <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
          Cancel
        </button>
      </dialog>
    </StepUpContext>
  );
}
