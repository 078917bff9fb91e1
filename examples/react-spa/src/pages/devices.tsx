import type { Device, Result } from "@latchkey/client";
import { deviceName } from "@latchkey/client/device-name";
import { useAuthClient } from "@latchkey/client/react";
import { type ReactNode, useRef, useState } from "react";
import { Action } from "../action.tsx";
import { DeviceTag } from "../device-tag.tsx";
import { useDevices } from "../devices.ts";
import { Page } from "../page.tsx";
import { sentenceOf } from "../sentences.ts";
import { useSignOut } from "../sign-out.ts";

export function DevicesPage(): ReactNode {
  const client = useAuthClient();
  const { signOut } = useSignOut();
  const { list, error, load } = useDevices();
  const status = useRef<HTMLParagraphElement>(null);
  const [said, setSaid] = useState("");
  const [fault, setFault] = useState<string | null>(null);

  const tell = async (result: Result<null>, done: string): Promise<void> => {
    setFault(result.ok ? null : sentenceOf(result.error));
    setSaid(result.ok ? done : "");
    // The button that had the focus may have been removed.
    if (result.ok) status.current?.focus();
    await load();
  };
  const revoke = async ({ id, current }: Device, name: string): Promise<void> => {
    if (current) return signOut();
    const result = await client.devices.revoke(id);
    // The session may have ended already: it expired, or another device ended it.
    const hasEnded = !result.ok && result.error.code === "not_found";
    await tell(hasEnded ? { ok: true, data: null } : result, `${name} is signed out.`);
  };
  const signOutOthers = async (): Promise<void> =>
    tell(await client.signOut({ scope: "others" }), "All other devices are signed out.");

  const others = list?.filter(({ current }) => !current).length ?? 0;
  return (
    <Page
      title="Devices"
      lead="Each of these devices is signed in to your account. Sign out any that is not yours."
    >
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
          <DeviceTag
            key={device.id}
            device={device}
            isLikeAnother={isLikeAnother(device, list)}
            onRevoke={revoke}
          />
        ))}
      </ul>
      <div className="actions">
        {others === 0 ? null : (
          <Action className="outline" run={signOutOthers}>
            Sign out everywhere else
          </Action>
        )}
        <Action className="danger" run={() => signOut("all")}>
          Sign out everywhere
        </Action>
      </div>
      <p className="hint">
        A device that is signed out can still read data until its access token expires, a few minutes at most.
      </p>
    </Page>
  );
}

function isLikeAnother({ id, device }: Device, list: readonly Device[]): boolean {
  const name = deviceName(device.userAgent);
  return list.some((other) => other.id !== id && deviceName(other.device.userAgent) === name);
}
