const SVG = "http://www.w3.org/2000/svg";
const TEETH = [4, 9, 6, 11];

/** The radius of a key's bow. */
export const BOW = 28;

/** Creates an SVG element. */
export function part(name, attributes = {}, text = "") {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}

/** Creates the picture of a key, with its bow around the origin. The keys of successive tokens differ. */
export function keyShape(generation) {
  const key = part("g", { class: "key" });
  key.append(
    part("path", { class: "blade", d: bladeOf(generation) }),
    part("circle", { class: "bow", r: BOW }),
    part("text", { class: "number", y: 1 }, String(generation)),
    part("text", { class: "label", y: -BOW - 16 }),
  );
  return key;
}

function bladeOf(generation) {
  const cuts = [0, 1, 2].map((index) => TEETH[(generation * 3 + index * (1 + (generation % 3))) % 4]);
  const teeth = cuts.map((cut, index) => `V${44 + index * 11}h${cut}v6h${-cut}`).join("");
  return `M6 22${teeth}V78l-6 5-6-5V22Z`;
}
