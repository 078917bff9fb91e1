import { type ComponentProps, type ReactNode, useState } from "react";

interface ActionProps extends Omit<ComponentProps<"button">, "type" | "onClick"> {
  readonly run: () => Promise<void>;
}

/** A button that does one thing at a time: pressed twice, it asks once. It keeps the focus meanwhile. */
export function Action({ run, ...rest }: ActionProps): ReactNode {
  const [isBusy, setBusy] = useState(false);
  const press = async (): Promise<void> => {
    if (isBusy) return;
    setBusy(true);
    await run();
    setBusy(false);
  };
  return <button {...rest} type="button" aria-disabled={isBusy} onClick={press} />;
}
