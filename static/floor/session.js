// Session of the tablet: current user, sign-in by password or PIN, sign-out.
import { emit } from "floor/dom";
import { t } from "floor/messages";
import { ask } from "floor/requests";

// Returns the session: null without a connection, `user: null` if no user is signed in.
export const loadSession = async ({ timer = false } = {}) => {
  const headers = timer ? { "Floor-Timer": "1" } : {};
  const answer = await ask("session", { headers });
  const session = answer?.body?.csrfToken ? answer.body : null;
  if (session) emit("session", session.user ? session : { ...session, user: null });
  else emit("connection", answer ? "trouble" : "offline");
  return session && { user: null, ...session };
};

async function send(path, content) {
  const session = await loadSession();
  if (!session) return null;
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": session.csrfToken },
    body: JSON.stringify(content),
  });
}

// Signs in; returns the error or null. Its `field` is "code" if the second factor is missing.
export const takeOver = async (name, password, newPin, code) => {
  const answer = await send("session", { name, password, newPin, code });
  if (!answer) return { detail: t("No connection. Connect to sign in.") };
  if (answer.status !== 200) return { detail: t("Sign-in failed. Try again."), ...answer.body };
  emit("session", answer.body);
  return null;
};

export const leave = async () => {
  const answer = await send("session/end", {});
  if (answer?.status !== 200) return false;
  emit("session", { user: null });
  return true;
};
