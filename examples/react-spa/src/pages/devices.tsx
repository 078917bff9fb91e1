import type { Device, Result, SignOutScope } from "@latchkey/client";
import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useRef, useState } from "react";
import { DeviceTag } from "../device-tag.tsx";
import { useDevices } from "../devices.ts";
import { faultOfSignOut, useTellFault } from "../fault.ts";
import { Page } from "../page.tsx";
import { sentenceOf } from "../sentences.ts";

export function DevicesPage(): ReactNode {
  const client = useAuthClient();
  const tellFault = useTellFault();
  const { list, error, load } = useDevices();
  const status = useRef<HTMLParagraphElement>(null);
  const [said, setSaid] = useState("");
  const [fault, setFault] = useState<string | null>(null);

  const tell = async (result: Result<null>, done: string): Promise<void> => {
    setFault(result.ok ? null : sentenceOf(result.error));
    setSaid(result.ok ? done : "");
    // The button that had the focus may be gone.
    if (result.ok) status.current?.focus();
    await load();
  };
  const revoke = async ({ id }: Device, name: string): Promise<void> =>
    tell(await client.devices.revoke(id), `${name} is signed out.`);
  const signOut = async (scope: SignOutScope): Promise<void> => {
    tellFault(null);
    const result = await client.signOut({ scope });
    if (scope === "others") await tell(result, "All other devices are signed out.");
    else if (!result.ok) tellFault(faultOfSignOut(result.error, client.session.get().status === "signed-in"));
  };

  const others = list?.filter(({ current }) => !current).length ?? 0;
  return (
    <Page title="Devices" lead="Each of these holds a key to your account. Sign out any that is not yours.">
      <p ref={status} className="said" role="status" tabIndex={-1}>
        {said}
      </p>
      {fault === null && error === null ? null : (
        <p className="fault" role="alert">
          {fault ?? (error === null ? "" : sentenceOf(error))}
        </p>
      )}
      {list === null && error === null ? <p>Asking the server…</p> : null}
      <ul className="tags">
        {list?.map((device) => (
          <DeviceTag key={device.id} device={device} onRevoke={revoke} />
        ))}
      </ul>
      <div className="actions">
        {others === 0 ? null : (
          <button type="button" className="outline" onClick={() => signOut("others")}>
            Sign out everywhere else
          </button>
        )}
        <button type="button" className="danger" onClick={() => signOut("all")}>
          Sign out everywhere
        </button>
      </div>
      <p className="hint">
        A device that is signed out may go on until its access token is over: minutes at most.
      </p>
    </Page>
  );
}
