// Database of the tablet: unsent operations and the stock snapshot.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});

  floor.openStore = () =>
    idb.openDB("floor", 1, {
      upgrade(db) {
        db.createObjectStore("outbox", { keyPath: "seq", autoIncrement: true });
        db.createObjectStore("kept");
      },
      blocking: (_old, _new, event) => event.target.close(),
    });
})();
