import type { Device } from "@latchkey/client";
import { deviceName } from "@latchkey/client/device-name";
import { type ReactNode, useId } from "react";
import { Action } from "./action.tsx";
import { exactTime, Time } from "./time.tsx";

interface DeviceTagProps {
  readonly device: Device;
  /** Whether another device has the same name, so that the label needs the time of the sign-in. */
  readonly isLikeAnother: boolean;
  readonly onRevoke: (device: Device, name: string) => Promise<void>;
}

export function DeviceTag({ device, isLikeAnother, onRevoke }: DeviceTagProps): ReactNode {
  const times = useId();
  const name = deviceName(device.device.userAgent);
  const fullName = isLikeAnother ? `${name}, signed in ${exactTime(device.createdAt)}` : name;
  return (
    <li className={device.current ? "current" : undefined}>
      <div>
        <h2>
          {name} {device.current ? <span className="badge">this device</span> : null}
        </h2>
        <p id={times}>
          Signed in <Time seconds={device.createdAt} />
          <br />
          Last seen <Time seconds={device.refreshedAt} />
        </p>
      </div>
      <Action
        className="quiet"
        aria-label={device.current ? "Sign out this device" : `Sign out ${fullName}`}
        aria-describedby={times}
        run={() => onRevoke(device, name)}
      >
        Sign out
      </Action>
    </li>
  );
}
