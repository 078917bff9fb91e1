import type { ClientError, Result } from "@latchkey/client";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import { Field, type FieldType } from "./field.tsx";
import { sentenceOf } from "./sentences.ts";

/** One input of a form. */
export interface Entry {
  readonly name: string;
  readonly label: string;
  readonly type: FieldType;
  readonly autoComplete: string;
  readonly hint?: string;
  /** What the form says if the input is empty or malformed. Left out for an input that may be empty. */
  readonly missing?: string;
}

/** How a form shows an error code. Default: the sentence of the code, above the inputs. */
export interface Blame {
  /** The input that gets the focus. */
  readonly name: string;
  /** Whether the sentence is shown at that input, or above all inputs. */
  readonly isOfField: boolean;
  readonly sentence?: string;
}

export type Values = Readonly<Record<string, string>>;

/** A button, and what it does with the values of the inputs. */
export interface Send {
  readonly label: string;
  readonly busyLabel: string;
  readonly send: (values: Values) => Promise<Result<unknown>>;
}

interface EntryFormProps extends Send {
  readonly entries: readonly Entry[];
  /** A second button. */
  readonly other?: Send;
  readonly blame?: Partial<Readonly<Record<ClientError["code"], Blame>>>;
  readonly isDangerous?: boolean;
}

interface Fault {
  readonly focus: string | null;
  readonly isOfField: boolean;
  readonly sentence: string;
}

/** A form that shows its errors at the inputs that they are about, and moves the focus there. */
export function EntryForm(props: EntryFormProps): ReactNode {
  const { entries, other, blame = {}, isDangerous = false } = props;
  const form = useRef<HTMLFormElement>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState<Send | null>(null);

  const submit = async (event: FormEvent<HTMLFormElement>, used: Send): Promise<void> => {
    event.preventDefault();
    if (busy !== null) return;
    const values = valuesOf(event.currentTarget, entries);
    const missing = missingOf(entries, values);
    setFault(missing);
    if (missing !== null) return;
    setBusy(used);
    const result = await used.send(values);
    setBusy(null);
    if (!result.ok) setFault(faultOf(result.error, blame[result.error.code]));
  };
  const usedBy = ({ nativeEvent }: FormEvent<HTMLFormElement>): Send => {
    const button = nativeEvent instanceof SubmitEvent ? nativeEvent.submitter : null;
    return other !== undefined && button?.getAttribute("value") === "other" ? other : props;
  };

  useEffect(() => {
    if (fault === null || fault.focus === null) return;
    const field = form.current?.elements.namedItem(fault.focus);
    if (field instanceof HTMLInputElement) field.focus();
  }, [fault]);

  return (
    <form ref={form} noValidate onSubmit={(event) => submit(event, usedBy(event))}>
      {fault === null || fault.isOfField ? null : (
        <p className="fault" role="alert">
          {fault.sentence}
        </p>
      )}
      {entries.map(({ missing, hint, ...entry }) => (
        <Field
          key={entry.name}
          {...entry}
          hint={hint ?? null}
          isRequired={missing !== undefined}
          error={fault?.isOfField && fault.focus === entry.name ? fault.sentence : null}
        />
      ))}
      <div className="row">
        <button type="submit" className={isDangerous ? "danger" : undefined} aria-disabled={busy !== null}>
          {busy === null || busy.label !== props.label ? props.label : props.busyLabel}
        </button>
        {other === undefined ? null : (
          <button type="submit" className="outline" name="way" value="other" aria-disabled={busy !== null}>
            {busy?.label === other.label ? other.busyLabel : other.label}
          </button>
        )}
      </div>
    </form>
  );
}

function valuesOf(form: HTMLFormElement, entries: readonly Entry[]): Values {
  const entered = new FormData(form);
  return Object.fromEntries(
    entries.map(({ name, type }) => {
      // A checkbox that is not checked has no value.
      const value = String(entered.get(name) ?? "");
      return [name, type === "password" ? value : value.trim()];
    }),
  );
}

const FORMS: Readonly<Record<FieldType, RegExp>> = {
  email: /^[^\s@]+@[^\s@]+$/,
  password: /^./s,
  code: /^\d{6}$/,
  checkbox: /^on$/,
};

function missingOf(entries: readonly Entry[], values: Values): Fault | null {
  for (const { name, type, missing } of entries) {
    if (missing !== undefined && !FORMS[type].test(values[name] ?? "")) {
      return { focus: name, isOfField: true, sentence: missing };
    }
  }
  return null;
}

function faultOf(error: ClientError, blame: Blame | undefined): Fault {
  const sentence = blame?.sentence ?? sentenceOf(error);
  return { focus: blame?.name ?? null, isOfField: blame?.isOfField ?? false, sentence };
}
