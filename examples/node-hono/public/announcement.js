const at = (id) => document.getElementById(id);

/** Shows a message about the whole page; "" removes it. */
export function say(text, isBad = false) {
  at("status").textContent = text;
  at("status").hidden = text === "";
  at("status").classList.toggle("bad", isBad);
}

/** Shows what happened to the family. */
export function narrate({ text, isBad }) {
  at("story").textContent = text;
  at("story").classList.toggle("bad", isBad);
}
