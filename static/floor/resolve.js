// From what was scanned to what it means: first from what the tablet knows, at once; then, where
// there is a connection, as the server has it now.
(() => {
  "use strict";
  const floor = (globalThis.floor ??= {});
  const LOOKUP_MS = 4000;

  floor.makeResolver = (stock) => {
    function ofLot(item, lotCode, reading) {
      const lot = stock.lot(item.code, lotCode);
      return lot ? { lot, item, reading } : { item, newLot: lotCode, reading };
    }

    function ofCode(known, reading) {
      const item = stock.item(known.item);
      if (!item) return null;
      const lotCode = reading.lotCode ?? known.lotCode;
      return lotCode ? ofLot(item, lotCode, reading) : { item, reading };
    }

    // What the tablet knows of it.
    function here(reading) {
      if (reading.error) return { unknown: true, reading };
      for (const text of [reading.gtin, reading.text].filter(Boolean)) {
        const found = stock.code(text) && ofCode(stock.code(text), reading);
        if (found) return found;
      }
      if (reading.gtin || reading.kind === "gs1") return { unknown: true, reading };
      const lots = stock.lotsCalled(reading.text);
      if (lots.length === 1) return { lot: lots[0], item: stock.item(lots[0].item), reading };
      if (lots.length) return { choices: lots, reading };
      if (stock.item(reading.text)) return { item: stock.item(reading.text), reading };
      if (stock.lines(reading.text).length) return { job: reading.text, reading };
      if (stock.locations().has(reading.text)) return { location: reading.text, reading };
      return { unknown: true, reading };
    }

    // As the server has it: null without an answer.
    async function there(reading) {
      if (!document.body.dataset.lookup) return null;
      const answer = await floor.ask(`/floor/lookup?scan=${encodeURIComponent(reading.raw)}`, {
        signal: AbortSignal.timeout(LOOKUP_MS),
      });
      if (answer?.status !== 200) return null;
      await stock.learn(answer.body);
      const { kind, item, lotCode, job } = answer.body.found ?? {};
      const known = item && stock.item(item);
      const better = { ...reading, ...answer.body.reading };
      if (kind === "lot" && known) return ofLot(known, lotCode, better);
      if (kind === "new-lot" && known) return { item: known, newLot: lotCode, reading: better };
      if (kind === "item" && known) return { item: known, reading: better };
      if (kind === "job") return { job, reading: better };
      return here(better);
    }

    return { here, there };
  };
})();
