import { type ComponentProps, type ReactNode, useState } from "react";

interface ActionProps extends Omit<ComponentProps<"button">, "type" | "onClick"> {
  readonly run: () => Promise<void>;
}

/** A button that ignores a second press until the first is done. It is not `disabled`, so that it keeps the focus. */
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
