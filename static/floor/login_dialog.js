// Login dialog: shows the current user and handles user changes.
import { $, emit, h, on, setting } from "floor/dom";
import { t } from "floor/messages";
import { leave, takeOver } from "floor/session";

const names = () => JSON.parse(setting("names") ?? "[]");
const remember = (name) =>
  setting("names", JSON.stringify([name, ...names().filter((one) => one !== name)].slice(0, 6)));

function showNewPin(isShown) {
  $("field-pin").hidden = !isShown;
  $("login-pad").hidden = isShown || setting("pins") !== "on";
  $("login-pin").setAttribute("aria-expanded", String(isShown));
  $("login-new").value = "";
}

export const initLogin = (db, { forget }) => {
  const login = $("login");
  let user = null;

  function open(note = "") {
    $("login-note").textContent = note;
    $("login-close").hidden = $("login-leave").hidden = !user;
    $("login-names").replaceChildren(...names().map((name) => h("button.btn", { type: "button",
      onclick() { $("login-name").value = name; $("login-password").focus(); } }, name)));
    $("login-password").value = $("login-code").value = "";
    $("field-code").hidden = true;
    $("login-pad").hidden = setting("pins") !== "on" || !$("field-pin").hidden;
    if (!login.open) login.showModal();
    $($("login-name").value ? "login-password" : "login-name").focus();
  }

  // The last user can continue without a connection; after sign-out there is none.
  async function become(next) {
    const before = user;
    user = next;
    $("who-name").textContent = user?.name ?? t("Not signed in");
    if (user) {
      await db.put("kept", user, "user");
      if (user.works) { if (!before) login.close(); remember(user.name); }
      else open(t("%(name)s has the role %(role)s and cannot post. Switch to another user.", user));
    } else {
      await db.delete("kept", "user");
      open("");
    }
    if (before?.id !== user?.id) emit("user", user);
  }

  on("session", (session) => become(session.user));
  $("who").addEventListener("click", () => { showNewPin(false); open(); });
  $("login-pin").addEventListener("click", () => showNewPin($("field-pin").hidden));
  $("login-pad").addEventListener("click", ({ target }) => {
    const digit = target.closest("button")?.dataset.digit;
    if (digit) $("login-password").value += digit;
  });
  $("login-close").addEventListener("click", () => login.close());
  login.addEventListener("cancel", (event) => user || event.preventDefault());
  $("login-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const newPin = $("login-new").value;
    const [name, password, code] =
      ["name", "password", "code"].map((one) => $(`login-${one}`).value);
    const refused = await takeOver(name, password, newPin, code);
    $("field-code").hidden = refused?.field !== "code";
    $("login-code").value = "";
    if (refused?.field === "code") {
      $("login-note").textContent = refused.detail;
      return $("login-code").focus();
    }
    $("login-password").value = "";
    if (refused) return open(refused.detail);
    if (newPin) setting("pins", "on");
    showNewPin(false);
    $("login-name").value = "";
    login.close();
  });
  $("login-leave").addEventListener("click", async () => {
    if (!(await leave())) return open(t("No connection. Connect to sign out."));
    await forget();
  });

  return {
    get user() { return user; },
    // Without a connection: the user who was signed in last.
    async recall() {
      if (!user) user = (await db.get("kept", "user")) ?? null;
      $("who-name").textContent = user?.name ?? t("Not signed in");
      if (!user) open(t("No connection. Connect to sign in."));
    },
  };
};
