import { deviceName } from "@latchkey/client/device-name";
import type { ReactNode } from "react";
import { ActionForm } from "../../components/action-form.tsx";
import { DevicesForm } from "../../components/devices-form.tsx";
import { auth } from "../../lib/auth.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { endSession, signOutEverywhere, signOutOthers } from "../actions.ts";

export default async function Devices(): Promise<ReactNode> {
  const { session, userId } = await signedIn();
  const found = await auth.sessions.list(userId);
  const devices = found.map(({ id, device, createdAt, refreshedAt }) => {
    return { id, name: deviceName(device.userAgent), createdAt, refreshedAt, isCurrent: id === session.id };
  });
  return (
    <>
      <h1>Devices</h1>
      <p>Each of these devices is signed in to your account. Sign out any that is not yours.</p>
      <DevicesForm
        devices={devices.toSorted((a, b) => Number(b.isCurrent) - Number(a.isCurrent))}
        action={endSession}
      />
      <h2>All other devices</h2>
      <ActionForm action={signOutOthers} submit="Sign out everywhere else" isQuiet />
      <h2>All devices</h2>
      {/* The question needs no script. */}
      <details className="card">
        <summary>Sign out everywhere…</summary>
        <p>Do you want to sign out on every device, this one too?</p>
        <ActionForm action={signOutEverywhere} submit="Yes, sign out everywhere" isDangerous />
      </details>
    </>
  );
}
