/** Opens for all once so many have arrived; who comes later walks through. */
export interface Gate {
  readonly arrive: () => Promise<void>;
}

export function openGate(size: number): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  let arrived = 0;
  return {
    arrive: () => {
      arrived += 1;
      if (arrived === size) resolve();
      return promise;
    },
  };
}
