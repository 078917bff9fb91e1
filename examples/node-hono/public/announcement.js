const at = (id) => document.getElementById(id);

/** Says something of the page as a whole; "" takes it back. */
export function say(text, isBad = false) {
  at("status").textContent = text;
  at("status").hidden = text === "";
  at("status").classList.toggle("bad", isBad);
}

/** Says what happened to the family. */
export function narrate({ text, isBad }) {
  at("story").textContent = text;
  at("story").classList.toggle("bad", isBad);
}
