import { faultOf, send } from "./server.js";

const FIELDS = ["email", "password"];
/** Which field a refusal is about. */
const ABOUT = { identifier_taken: "email", invalid_credentials: "password", weak_password: "password" };

const at = (id) => document.getElementById(id);

/** Lets people in: with an account of their own, or with one that is made up on the spot. */
export function openDoor(enter) {
  const form = at("sign-in");
  // The fields' own words are said below, where a screen reader finds them with the field.
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const route = event.submitter?.dataset.route ?? "signup";
    const wrong = FIELDS.filter((name) => isWrong(at(name)));
    if (wrong.length > 0) return at(wrong[0]).focus();
    await ask(route, Object.fromEntries(new FormData(form)));
  });
  at("guest").addEventListener("click", () => ask("signup", madeUp()));
  for (const name of FIELDS) at(name).addEventListener("input", () => complain(name, ""));

  // A button that were disabled meanwhile would lose the focus.
  let isAsking = false;
  const ask = async (route, body) => {
    if (isAsking) return;
    isAsking = true;
    sayFault("");
    for (const name of FIELDS) complain(name, "");
    const answer = await send(`/auth/${route}`, { method: "POST", body });
    isAsking = false;
    if (!answer.ok) return refuse(answer, route);
    form.reset();
    await enter(answer);
  };
}

function isWrong(field) {
  const { valueMissing, tooShort } = field.validity;
  const name = field.id === "email" ? "an e-mail address" : "a password";
  const isShort = tooShort || (field.minLength > 0 && field.value.length < field.minLength);
  if (valueMissing) complain(field.id, `Enter ${name}.`);
  else if (isShort) complain(field.id, `The password needs ${field.minLength} characters or more.`);
  else if (!field.validity.valid)
    complain(field.id, "That is not an e-mail address: name@example.com is one.");
  else complain(field.id, "");
  return field.getAttribute("aria-invalid") === "true";
}

function complain(name, text) {
  const isBad = text !== "";
  at(`${name}-error`).textContent = text;
  at(`${name}-error`).hidden = !isBad;
  if (isBad) at(name).setAttribute("aria-invalid", "true");
  else at(name).removeAttribute("aria-invalid");
}

function sayFault(text) {
  at("form-error").textContent = text;
  at("form-error").hidden = text === "";
}

function refuse(answer, route) {
  const code = answer.data?.error;
  const way = code === "identifier_taken" ? " Press “Sign in” if it is yours." : "";
  const first =
    code === "invalid_credentials" && route === "login" ? " New here? Press “Create account”." : "";
  const name = ABOUT[code];
  if (name === undefined) return sayFault(faultOf(answer));
  complain(name, `${faultOf(answer)}${way}${first}`);
  at(name).focus();
}

function madeUp() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  const text = Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
  return { email: `visitor-${text.slice(0, 6)}@example.com`, password: text };
}
