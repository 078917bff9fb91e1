import type { Device } from "@latchkey/client";
import type { ReactNode } from "react";
import { deviceName } from "./device-name.ts";
import { Time } from "./time.tsx";

interface DeviceTagProps {
  readonly device: Device;
  readonly onRevoke: (device: Device, name: string) => void;
}

export function DeviceTag({ device, onRevoke }: DeviceTagProps): ReactNode {
  const name = deviceName(device.device.userAgent);
  return (
    <li className={device.current ? "current" : undefined}>
      <div>
        <h2>
          {name} {device.current ? <span className="badge">this device</span> : null}
        </h2>
        <p>
          Signed in <Time seconds={device.createdAt} />
          <br />
          Last seen <Time seconds={device.refreshedAt} />
        </p>
      </div>
      <button
        type="button"
        className="quiet"
        aria-label={device.current ? "Sign out this device" : `Sign out ${name}`}
        onClick={() => onRevoke(device, name)}
      >
        Sign out
      </button>
    </li>
  );
}
