import type { ReactNode } from "react";
import { auth } from "../../lib/auth.ts";
import { signedIn } from "../../lib/signed-in.ts";
import { endSession } from "../actions.ts";

export default async function Devices(): Promise<ReactNode> {
  const { session, userId } = await signedIn();
  const devices = await auth.sessions.list(userId);
  return (
    <>
      <h1>Devices</h1>
      <ul className="devices">
        {devices.map(({ id, device, createdAt }) => (
          <li key={id} className="card">
            <p>
              <strong>{device.userAgent || "Unknown device"}</strong>
              <span className="hint">since {new Date(createdAt * 1_000).toUTCString()}</span>
            </p>
            {id === session.id ? (
              <p className="hint">This device</p>
            ) : (
              <form action={endSession}>
                <input type="hidden" name="id" value={id} />
                <button type="submit" className="quiet">
                  Sign out
                </button>
              </form>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
