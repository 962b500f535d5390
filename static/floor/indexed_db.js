// Database of the tablet: unsent operations and the stock snapshot.
import "vendor/idb";

const { openDB } = globalThis.idb; // the package's script for all module systems sets it

export const openStore = () =>
  openDB("floor", 1, {
    upgrade(db) {
      db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
      db.createObjectStore("kept");
    },
    blocking: (_old, _new, event) => event.target.close(),
  });
