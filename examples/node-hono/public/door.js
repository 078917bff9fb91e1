import { faultOf, send } from "./server.js";

const FIELDS = ["email", "password"];
/** The field that an error code is about. */
const ABOUT = { identifier_taken: "email", invalid_credentials: "password", weak_password: "password" };

const at = (id) => document.getElementById(id);

/** Signs users up or in, with their own account or with a generated one. */
export function openDoor(enter) {
  const form = at("sign-in");
  // The page shows its own error messages, which screen readers announce with the field.
  form.noValidate = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const route = event.submitter?.dataset.route ?? "signup";
    const wrong = FIELDS.filter((name) => isWrong(at(name)));
    if (wrong.length > 0) return at(wrong[0]).focus();
    await ask(route, Object.fromEntries(new FormData(form)));
  });
  at("guest").addEventListener("click", () => ask("signup", generatedAccount()));
  for (const name of FIELDS) at(name).addEventListener("input", () => showFieldError(name, ""));

  // The buttons are not disabled during a request, because a disabled button loses the focus.
  let isAsking = false;
  const ask = async (route, body) => {
    if (isAsking) return;
    isAsking = true;
    showFormError("");
    for (const name of FIELDS) showFieldError(name, "");
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
  if (valueMissing) showFieldError(field.id, `Enter ${name}.`);
  else if (isShort) showFieldError(field.id, `The password needs ${field.minLength} characters or more.`);
  else if (!field.validity.valid)
    showFieldError(field.id, "Enter an e-mail address, such as name@example.com.");
  else showFieldError(field.id, "");
  return field.getAttribute("aria-invalid") === "true";
}

function showFieldError(name, text) {
  const isBad = text !== "";
  at(`${name}-error`).textContent = text;
  at(`${name}-error`).hidden = !isBad;
  if (isBad) at(name).setAttribute("aria-invalid", "true");
  else at(name).removeAttribute("aria-invalid");
}

function showFormError(text) {
  at("form-error").textContent = text;
  at("form-error").hidden = text === "";
}

function refuse(answer, route) {
  const code = answer.data?.error;
  const way = code === "identifier_taken" ? " Press “Sign in” if it is yours." : "";
  const first =
    code === "invalid_credentials" && route === "login" ? " New here? Press “Create account”." : "";
  const name = ABOUT[code];
  if (name === undefined) return showFormError(faultOf(answer));
  showFieldError(name, `${faultOf(answer)}${way}${first}`);
  at(name).focus();
}

function generatedAccount() {
  const bytes = crypto.getRandomValues(new Uint8Array(20));
  const text = Array.from(bytes, (byte) => byte.toString(36).padStart(2, "0")).join("");
  return { email: `visitor-${text.slice(0, 6)}@example.com`, password: text };
}
