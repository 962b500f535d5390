// Login dialog: shows the current user and handles user changes.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});
  const { $, h } = floor;

  const names = () => JSON.parse(floor.setting("names") ?? "[]");
  const remember = (name) =>
    floor.setting("names", JSON.stringify([name, ...names().filter((one) => one !== name)].slice(0, 6)));

  function showNewPin(isShown) {
    $("field-pin").hidden = !isShown;
    $("door-pad").hidden = isShown || floor.setting("pins") !== "on";
    $("door-pin").setAttribute("aria-expanded", String(isShown));
    $("door-new").value = "";
  }

  floor.initDoor = (db, { forget }) => {
    const door = $("door");
    let user = null;

    function open(note = "") {
      $("door-note").textContent = note;
      $("door-close").hidden = $("door-leave").hidden = !user;
      $("door-names").replaceChildren(...names().map((name) => h("button.btn", { type: "button",
        onclick() { $("door-name").value = name; $("door-password").focus(); } }, name)));
      $("door-password").value = $("door-code").value = "";
      $("field-code").hidden = true;
      $("door-pad").hidden = floor.setting("pins") !== "on" || !$("field-pin").hidden;
      if (!door.open) door.showModal();
      $($("door-name").value ? "door-password" : "door-name").focus();
    }

    // The last user can continue without a connection; after sign-out there is none.
    async function become(next) {
      const before = user;
      user = next;
      $("who-name").textContent = user?.name ?? "Nobody";
      if (user) {
        await db.put("kept", user, "user");
        if (user.works) { if (!before) door.close(); remember(user.name); }
        else open(`${user.name} may only look (role ${user.role}). Who works here?`);
      } else {
        await db.delete("kept", "user");
        open("");
      }
      if (before?.id !== user?.id) floor.emit("user", user);
    }

    floor.on("session", (session) => become(session.user));
    $("who").addEventListener("click", () => { showNewPin(false); open(); });
    $("door-pin").addEventListener("click", () => showNewPin($("field-pin").hidden));
    $("door-pad").addEventListener("click", ({ target }) => {
      const digit = target.closest("button")?.dataset.digit;
      if (digit) $("door-password").value += digit;
    });
    $("door-close").addEventListener("click", () => door.close());
    door.addEventListener("cancel", (event) => user || event.preventDefault());
    $("door-form").addEventListener("submit", async (event) => {
      event.preventDefault();
      const newPin = $("door-new").value;
      const [name, password, code] = ["name", "password", "code"].map((one) => $(`door-${one}`).value);
      const refused = await floor.takeOver(name, password, newPin, code);
      $("field-code").hidden = refused?.field !== "code";
      $("door-code").value = "";
      if (refused?.field === "code") {
        $("door-note").textContent = refused.detail;
        return $("door-code").focus();
      }
      $("door-password").value = "";
      if (refused) return open(refused.detail);
      if (newPin) floor.setting("pins", "on");
      showNewPin(false);
      $("door-name").value = "";
      door.close();
    });
    $("door-leave").addEventListener("click", async () => {
      if (!(await floor.leave())) return open("No connection. Logging out needs one.");
      await forget();
    });

    return {
      get user() { return user; },
      // Without a connection: the user who was signed in last.
      async recall() {
        if (!user) user = (await db.get("kept", "user")) ?? null;
        $("who-name").textContent = user?.name ?? "Nobody";
        if (!user) open("No connection. Logging in needs one.");
      },
    };
  };
})();
