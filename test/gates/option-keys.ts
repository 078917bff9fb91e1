import type { Node, Program } from "oxc-parser";
import { visitorKeys } from "oxc-parser";

/** A key in the object that `createAuth` gets, by its path from the top. */
export interface OptionKey {
  readonly path: string;
  readonly offset: number;
}

/** The keys of the objects that calls of `createAuth` in a program get. */
export function optionKeys(program: Program): readonly OptionKey[] {
  return nodesOf(program).flatMap((node) => {
    if (node.type !== "CallExpression" || node.callee.type !== "Identifier") return [];
    const [options] = node.arguments;
    if (node.callee.name !== "createAuth" || options === undefined) return [];
    return keysOf(options, "");
  });
}

function keysOf(object: Node, before: string): readonly OptionKey[] {
  if (object.type !== "ObjectExpression") return [];
  return object.properties.flatMap((property): readonly OptionKey[] => {
    if (property.type !== "Property" || property.key.type !== "Identifier" || property.computed) return [];
    const path = before === "" ? property.key.name : `${before}.${property.key.name}`;
    return [{ path, offset: property.start }, ...keysOf(property.value, path)];
  });
}

function nodesOf(node: Node): readonly Node[] {
  const children = (visitorKeys[node.type] ?? []).flatMap((key): readonly Node[] => {
    const held: unknown = Reflect.get(node, key);
    return (Array.isArray(held) ? held : [held]).filter(isNode).flatMap(nodesOf);
  });
  return [node, ...children];
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
