import type { ClientError, Device } from "@latchkey/client";
import { useAuthClient } from "@latchkey/client/react";
import { useCallback, useEffect, useState } from "react";

export interface Devices {
  /** Null until the server has answered. */
  readonly list: readonly Device[] | null;
  readonly error: ClientError | null;
  /** Loads the list again. */
  readonly load: () => Promise<void>;
}

/** The user's devices, this one first. The list is loaded again each time the page becomes visible. */
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
    const loadIfVisible = (): void => {
      if (document.visibilityState === "visible") void load();
    };
    loadIfVisible();
    document.addEventListener("visibilitychange", loadIfVisible);
    return () => document.removeEventListener("visibilitychange", loadIfVisible);
  }, [load]);
  return { list, error, load };
}
