// Session of the tablet: current user, sign-in by password or PIN, sign-out.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});

  // Returns the session: null without a connection, `user: null` if no user is signed in.
  floor.session = async ({ timer = false } = {}) => {
    const headers = timer ? { "Floor-Timer": "1" } : {};
    const answer = await floor.ask("session", { headers });
    const session = answer?.body?.csrfToken ? answer.body : null;
    if (session) floor.emit("session", session.user ? session : { ...session, user: null });
    else floor.emit("connection", answer ? "trouble" : "offline");
    return session && { user: null, ...session };
  };

  async function send(path, content) {
    const session = await floor.session();
    if (!session) return null;
    return floor.ask(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": session.csrfToken },
      body: JSON.stringify(content),
    });
  }

  // Signs in; returns the error or null. Its `field` is "code" if the second factor is missing.
  floor.takeOver = async (name, password, newPin, code) => {
    const answer = await send("session", { name, password, newPin, code });
    if (!answer) return { detail: "No connection. Logging in needs one." };
    if (answer.status !== 200) return { detail: "That did not work. Try again.", ...answer.body };
    floor.emit("session", answer.body);
    return null;
  };

  floor.leave = async () => {
    const answer = await send("session/end", {});
    if (answer?.status !== 200) return false;
    floor.emit("session", { user: null });
    return true;
  };
})();
