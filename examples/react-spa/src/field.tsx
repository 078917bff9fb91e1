import { type ReactNode, useId, useState } from "react";

export type FieldType = "email" | "password" | "code" | "checkbox";

interface FieldProps {
  readonly label: string;
  readonly name: string;
  readonly type: FieldType;
  readonly autoComplete: string;
  readonly hint: string | null;
  readonly isRequired: boolean;
  readonly error: string | null;
}

/** An input with a label, a hint and an error, which screen readers announce with the input; or a checkbox, checked at first. */
export function Field(props: FieldProps): ReactNode {
  const { label, name, type, autoComplete, hint, isRequired, error } = props;
  const id = useId();
  const [isShown, setShown] = useState(false);
  const describedBy = [hint === null ? [] : `${id}-hint`, error === null ? [] : `${id}-error`]
    .flat()
    .join(" ");
  if (type === "checkbox") {
    return (
      <label className="check">
        <input type="checkbox" name={name} defaultChecked /> {label}
      </label>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <div className="input">
        <input
          id={id}
          name={name}
          type={isShown || type === "code" ? "text" : type}
          inputMode={type === "code" ? "numeric" : undefined}
          autoComplete={autoComplete}
          autoCapitalize="none"
          spellCheck={false}
          required={isRequired}
          aria-invalid={error !== null}
          aria-describedby={describedBy === "" ? undefined : describedBy}
        />
        {type === "password" ? (
          <button
            type="button"
            className="reveal"
            aria-label={isShown ? "Hide password" : "Show password"}
            onClick={() => setShown(!isShown)}
          >
            {isShown ? "Hide" : "Show"}
          </button>
        ) : null}
      </div>
      {hint === null ? null : (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error === null ? null : (
        <p className="fault" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
