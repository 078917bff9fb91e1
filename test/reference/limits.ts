import { optionsSchema } from "../../packages/core/src/auth/schema.ts";

/** The parts of a valibot schema that tell what a value may be. */
interface Shape {
  readonly type: string;
  readonly entries?: Readonly<Record<string, Shape>>;
  readonly item?: Shape;
  readonly wrapped?: Shape;
  readonly getter?: (value: unknown) => Shape;
  readonly pipe?: readonly Shape[];
  readonly requirement?: unknown;
  readonly options?: readonly unknown[];
}

/** The largest number of every duration. It limits nothing that an application has. */
const LARGEST = 2 ** 31 - 1;
/** Values of each kind, because the schema of some options depends on the value. */
const SAMPLES: readonly unknown[] = [1, "a", [], {}];

/** What the schema of `createAuth` says of the range of an option; null if it says nothing beyond the type. */
export function limitsOf(path: string): string | null {
  const shapes = path
    .replaceAll("[]", ".[]")
    .split(".")
    .reduce<readonly Shape[]>((all, name) => all.flatMap((shape) => inside(shape, name)), [optionsSchema]);
  const texts = [...new Set(shapes.flatMap(unwrapped).flatMap(limitsIn))];
  return texts.length === 0 ? null : texts.join(", ");
}

function inside(shape: Shape, name: string): readonly Shape[] {
  return unwrapped(shape).flatMap((each) => {
    const next = name === "[]" ? each.item : each.entries?.[name];
    return next === undefined ? [] : [next];
  });
}

/** The schemas that a value may have, without those that only say that it may be left out. */
function unwrapped(shape: Shape): readonly Shape[] {
  const { getter, wrapped } = shape;
  if (getter !== undefined) return SAMPLES.flatMap((sample) => unwrapped(getter(sample)));
  return wrapped === undefined ? [shape] : unwrapped(wrapped);
}

function limitsIn({ pipe = [] }: Shape): readonly string[] {
  const numbers = (type: string): readonly number[] =>
    pipe
      .flatMap((each) => [each, ...(each.pipe ?? [])])
      .filter((each) => each.type === type)
      .map(({ requirement }) => Number(requirement));
  const least = Math.max(...numbers("min_value"), Number.NEGATIVE_INFINITY);
  const most = Math.min(...numbers("max_value"), LARGEST);
  return [
    ...(least > 1 ? [`at least ${least}`] : []),
    ...(most < LARGEST ? [`at most ${most}`] : []),
    ...numbers("max_length").map((length) => `at most ${length} characters`),
  ];
}
