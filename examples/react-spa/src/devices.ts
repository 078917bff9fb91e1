import type { ClientError, Device } from "@latchkey/client";
import { useAuthClient } from "@latchkey/client/react";
import { useCallback, useEffect, useState } from "react";

export interface Devices {
  /** Null until the server has answered. */
  readonly list: readonly Device[] | null;
  readonly error: ClientError | null;
  /** Asks again. */
  readonly load: () => Promise<void>;
}

/** The user's devices, this one first, asked for anew whenever the page is shown again. */
export function useDevices(): Devices {
  const { devices } = useAuthClient();
  const [list, setList] = useState<Devices["list"]>(null);
  const [error, setError] = useState<ClientError | null>(null);
  const load = useCallback(async () => {
    const result = await devices.list();
    setError(result.ok ? null : result.error);
    if (result.ok) setList(result.data.toSorted((a, b) => Number(b.current) - Number(a.current)));
  }, [devices]);
  useEffect(() => {
    const look = (): void => {
      if (document.visibilityState === "visible") void load();
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [load]);
  return { list, error, load };
}
