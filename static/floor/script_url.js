// URLs of worker scripts. They can only be our own, below the floor app's path.
import { root } from "floor/dom";

const rules = {
  createScriptURL: (url) => (new URL(url, location.href).pathname.startsWith(root) ? url : ""),
};
const policy = window.trustedTypes?.createPolicy("floor", rules) ?? rules;

export const scriptUrl = (url) => policy.createScriptURL(url);
