import { faultOf, send } from "./server.js";

const at = (id) => document.getElementById(id);
const forms = at("forms");
const dialog = at("step-up");

// The token stays out of the address, the history and the Referer. Only the press of a button sends it.
const token = new URLSearchParams(location.search).get("token");
if (token !== null) history.replaceState(null, "", location.pathname);
if (forms.dataset.token === "true" && token === null) {
  at("no-token").hidden = false;
  forms.hidden = true;
}

for (const form of forms.querySelectorAll("form")) {
  form.noValidate = true;
  // The button is not disabled during a request, because a disabled button loses the focus.
  let isSending = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isSending || hasMissing(form)) return;
    isSending = true;
    await submit(form);
    isSending = false;
  });
}

async function submit(form) {
  const { method, done, next, ends } = form.dataset;
  const path = form.getAttribute("action");
  const entered = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  const body = method === "DELETE" ? undefined : { ...entered, ...(token === null ? {} : { token }) };
  let answer = await send(path, { method, body });
  if (answer.data?.error === "insufficient_user_authentication" && (await stepUp())) {
    answer = await send(path, { method, body });
  }
  if (!answer.ok) return refuse(form, answer);
  // The access token may be valid for some seconds more. A refresh finds out that the session has ended.
  if (ends === "true") await send("/auth/refresh", { method: "POST" });
  if (next !== "") return location.assign(next);
  form.reset();
  const hint = answer.data?.password === "removed" ? " Set a new password on the first page." : "";
  const said = form.querySelector(".said");
  said.textContent = done + hint;
  if (forms.dataset.token !== "true") return;
  // The link works once. The message gets the focus, because the button that had it is removed.
  form.replaceChildren(form.querySelector("h2"), said);
  said.focus();
}

function hasMissing(form) {
  showError(form, "");
  form.querySelector(".said")?.replaceChildren();
  for (const field of form.querySelectorAll("input")) field.removeAttribute("aria-invalid");
  const field = form.querySelector("input:invalid");
  if (field === null) return false;
  const name = form.querySelector(`label[for="${field.id}"]`).textContent.toLowerCase();
  showError(form, `Enter your ${name}.`);
  mark(field);
  return true;
}

function refuse(form, answer) {
  showError(form, faultOf(answer));
  const field = form.querySelector("input");
  if (field !== null) mark(field);
}

function mark(field) {
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function showError(form, text) {
  form.querySelector(".error").textContent = text;
}

/** Asks for the password. Returns whether the session has a recent sign-in now. */
function stepUp() {
  const form = dialog.querySelector("form");
  const { promise, resolve } = Promise.withResolvers();
  form.onsubmit = async (event) => {
    event.preventDefault();
    if (hasMissing(form)) return;
    const body = Object.fromEntries(new FormData(form));
    const answer = await send(form.getAttribute("action"), { method: "POST", body });
    if (!answer.ok) return refuse(form, answer);
    resolve(true);
    dialog.close();
  };
  at("step-up-cancel").onclick = () => dialog.close();
  dialog.onclose = () => {
    form.reset();
    resolve(false);
  };
  form.noValidate = true;
  dialog.showModal();
  return promise;
}
