"use client";

import { type ReactNode, useActionState, useEffect, useRef } from "react";
import type { Outcome } from "../lib/outcome.ts";
import { NOTHING } from "./action-form.tsx";
import { Time } from "./time.tsx";

export interface Device {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly refreshedAt: number;
  readonly isCurrent: boolean;
}

interface Props {
  readonly devices: readonly Device[];
  readonly action: (before: Outcome, form: FormData) => Promise<Outcome>;
}

/** The devices of the user, with a button that signs each of the others out. It works without scripts too. */
export function DevicesForm({ devices, action }: Props): ReactNode {
  const [outcome, send, isBusy] = useActionState(action, NOTHING);
  const said = useRef<HTMLParagraphElement>(null);
  // The button that had the focus was removed.
  useEffect(() => {
    if (outcome.done !== null) said.current?.focus();
  }, [outcome]);
  return (
    <form action={send}>
      <p ref={said} className="said" role="status" tabIndex={-1}>
        {outcome.done}
      </p>
      <ul className="devices">
        {devices.map(({ id, name, createdAt, refreshedAt, isCurrent }) => (
          <li key={id} className="card">
            <p id={id}>
              <strong>{name}</strong>
              <span className="hint">
                Signed in <Time seconds={createdAt} />
              </span>
              <span className="hint">
                Last seen <Time seconds={refreshedAt} />
              </span>
            </p>
            {isCurrent ? (
              <span className="badge">This device</span>
            ) : (
              <button
                type="submit"
                name="id"
                value={id}
                className="quiet"
                aria-describedby={id}
                aria-disabled={isBusy}
              >
                Sign out
              </button>
            )}
          </li>
        ))}
      </ul>
    </form>
  );
}
