import type { ReactNode } from "react";
import { signIn, signUp } from "../actions.ts";

const REFUSALS: ReadonlyMap<string, string> = new Map([
  ["invalid_credentials", "The address or the password is wrong."],
  ["identifier_taken", "There is an account with this address already."],
  ["weak_password", "This password is too easy to guess. Choose a longer one."],
  ["invalid_request", "This is not an e-mail address."],
  ["rate_limited", "Too many attempts. Wait a few minutes."],
]);

interface Props {
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>;
}

export default async function Login({ searchParams }: Props): Promise<ReactNode> {
  const { error, redirect_to: to } = await searchParams;
  const refusal =
    error === undefined ? null : (REFUSALS.get(String(error)) ?? "The sign-in failed. Try again.");
  return (
    <>
      <h1>Sign in</h1>
      {refusal !== null && (
        <p className="error" role="alert">
          {refusal}
        </p>
      )}
      <form action={signIn} className="card">
        <input type="hidden" name="redirect_to" value={String(to ?? "")} />
        <label htmlFor="email">E-mail</label>
        <input id="email" name="email" type="email" autoComplete="username" required />
        <label htmlFor="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autoComplete="current-password"
          minLength={8}
          required
          aria-describedby="rule"
        />
        <p id="rule" className="hint">
          At least 8 characters.
        </p>
        <div className="row">
          <button type="submit">Sign in</button>
          <button type="submit" className="quiet" formAction={signUp}>
            Make an account
          </button>
        </div>
      </form>
    </>
  );
}
