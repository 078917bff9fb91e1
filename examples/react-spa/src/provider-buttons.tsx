import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useState } from "react";
import { providers } from "./auth.ts";
import { signInFor } from "./destination.ts";
import { sentenceOf } from "./sentences.ts";

/** Buttons that navigate to a provider. It redirects to the sign-in page, which shows an error or redirects further. */
export function ProviderButtons({
  destination,
  invitation = null,
}: {
  readonly destination: string;
  readonly invitation?: string | null;
}): ReactNode {
  const { signIn } = useAuthClient();
  const [fault, setFault] = useState<string | null>(null);
  const start = async (provider: string): Promise<void> => {
    const result = await signIn.oauth(provider, {
      redirectTo: signInFor(destination),
      invitation: invitation ?? undefined,
    });
    if (!result.ok) setFault(sentenceOf(result.error));
  };
  return (
    <>
      <p className="or">or</p>
      {providers.map(({ id, name }) => (
        <button key={id} type="button" className="outline" onClick={() => start(id)}>
          Sign in with {name}
        </button>
      ))}
      {fault === null ? null : (
        <p className="fault" role="alert">
          {fault}
        </p>
      )}
    </>
  );
}
