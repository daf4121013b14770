// The smallest page that signs a person in: each form posts its fields as JSON to the route that it names.
const find = (selector) => document.querySelector(selector);
const form = (route) => find(`form[data-post="${route}"]`);
const passkeyForm = (what) => find(`form[data-passkey="${what}"]`);
let csrf = "";
let ticket; // of a sign-in that waits for its second step

async function call(method, path, body) {
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  const response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : {};
  csrf = answer.csrf_token ?? csrf;
  return { ok: response.ok, answer };
}

async function refresh() {
  const { ok: known } = await call("GET", "/auth/session");
  const { ok, answer } = await call("GET", "/v1/workspaces");
  const items = (ok ? answer.workspaces : []).map((workspace) => {
    const button = document.createElement("button");
    button.textContent = workspace.name;
    button.onclick = async () => show((await call("GET", `/v1/workspaces/${workspace.id}/dashboards`)).answer);
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  find("#workspaces").replaceChildren(...items);
  return known;
}

function show(answer) {
  find("#answer").textContent = JSON.stringify(answer, null, 2);
  find("#message").textContent = answer.detail ?? answer.status ?? "";
  ticket = answer.ticket;
  if (answer.ticket) {
    form("sign-in/code").hidden = false;
    form("sign-in/code").elements.ticket.value = answer.ticket;
  }
  if (answer.qr_svg) {
    find("#qr").src = "data:image/svg+xml," + encodeURIComponent(answer.qr_svg);
    find("#qr").hidden = false;
    form("mfa/totp/confirm").hidden = false;
  }
}

for (const each of document.querySelectorAll("form[data-post]")) {
  each.addEventListener("submit", async (event) => {
    event.preventDefault();
    askNoMore();
    const { ok, answer } = await call("POST", `/auth/${each.dataset.post}`, Object.fromEntries(new FormData(each)));
    show(answer);
    if (ok && each.dataset.post === "organizations") {
      await call("POST", `/v1/organizations/${answer.id}/workspaces`, { name: `${answer.name} production` });
    }
    if (answer.provider_url) return location.assign(answer.provider_url); // signed out here, and now there
    await refresh();
  });
}

// The organization's provider is found by the address, and sends the browser back to /sso/… with a code.
find("form[data-provider]").addEventListener("submit", async (event) => {
  event.preventDefault();
  askNoMore();
  const { email } = Object.fromEntries(new FormData(event.target));
  const { answer } = await call("POST", "/auth/sign-in/ways", { email });
  if (!answer.ways?.length) return show({ detail: answer.detail ?? "no provider is known for this address" });
  const begun = await call("POST", `/auth/sso/${answer.ways[0].connection_id}/begin`, { email });
  return begun.ok ? location.assign(begun.answer.url) : show(begun.answer);
});

async function comeBack() {
  const [, connection] = location.pathname.match(/^\/sso\/(\w+)$/) ?? [];
  if (!connection) return land();
  const { search } = location;
  history.replaceState(null, "", "/"); // the code stays in no history
  show((await call("GET", `/auth/sso/${connection}/callback${search}`)).answer);
}

// A form of SAML was posted to its route, which has sent the browser here: what came of it is told once.
async function land() {
  const { answer } = await call("GET", "/auth/sso/landed");
  if (answer.status) show(answer);
}

let asking = new AbortController();
let offer; // when passkeys are offered anew
function askNoMore() {
  clearTimeout(offer);
  asking.abort();
}

// Asks an authenticator what the server asked, and returns what it answered. A browser asks one thing at a time.
async function ask(route, body, how = {}) {
  askNoMore();
  asking = new AbortController();
  const { signal } = asking;
  const { ok, answer } = await call("POST", `/auth/${route}/options`, body);
  if (!ok) throw new Error(answer.detail);
  const options = answer.public_key.user
    ? { publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(answer.public_key) }
    : { publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(answer.public_key) };
  const made = answer.public_key.user ? "create" : "get";
  return (await navigator.credentials[made]({ ...options, ...how, signal })).toJSON();
}

// Offers passkeys where the person types the address (conditional mediation); a question is good for five minutes, then comes another.
async function offerPasskeys() {
  if (!(await window.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
  const answered = ask("sign-in/passkey", {}, { mediation: "conditional" });
  offer = setTimeout(offerPasskeys, 4 * 60 * 1000);
  try {
    show((await call("POST", "/auth/sign-in/passkey", { response: await answered })).answer);
    await refresh();
  } catch {
    // The person does something else, or wants none; what they ask for themselves tells them what went wrong.
  }
}

async function signInWithPasskey() {
  const body = ticket ? { ticket } : {};
  const response = await ask("sign-in/passkey", body);
  show((await call("POST", "/auth/sign-in/passkey", { ...body, response })).answer);
  await refresh();
}

async function addPasskey(name) {
  show((await call("POST", "/auth/passkeys", { name, response: await ask("passkeys") })).answer);
}

// A person who cancels, or whose browser gave up waiting, is told in the browser's words.
const told = (error) => show({ detail: error.message });
passkeyForm("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  signInWithPasskey().catch(told);
});
passkeyForm("add").addEventListener("submit", (event) => {
  event.preventDefault();
  addPasskey(event.target.elements.name.value).catch(told);
});

// The links in mails carry their token in the fragment, which browsers send to no server.
const token = new URLSearchParams(location.hash.slice(1)).get("token");
const mailed = { "/verify-email": "verify-email", "/accept-invitation": "invitations/accept" }[location.pathname];
if (token && mailed) {
  form(mailed).hidden = false;
  form(mailed).elements.token.value = token;
  history.replaceState(null, "", location.pathname);
}
let began = false; // whether the person has begun something: then nothing is offered
document.addEventListener("submit", () => (began = true), { once: true });
comeBack().then(refresh).then((known) => known || began || offerPasskeys());
