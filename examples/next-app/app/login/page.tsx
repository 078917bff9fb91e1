import Link from "next/link";
import type { ReactNode } from "react";
import { refusalOf } from "../../lib/refusals.ts";
import type { PageProps } from "../../lib/search.ts";
import { signIn, signUp } from "../actions.ts";

export default async function Login({ searchParams }: PageProps): Promise<ReactNode> {
  const { error, redirect_to: to } = await searchParams;
  const refusal = error === undefined ? null : refusalOf(error);
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
      <p>
        <Link href="/forgot-password">Forgotten password</Link> or{" "}
        <Link href="/sign-in/mail">sign in by mail</Link>
      </p>
    </>
  );
}
