// Reads barcodes in pictures. Runs in a worker of its own: only that response allows WebAssembly.
"use strict";
const OPTIONS = {
  formats: ["DataMatrix", "QRCode", "Code128", "EAN13", "EAN8", "UPCA", "ITF", "Code39"],
  tryHarder: true, maxNumberOfSymbols: 1, textMode: "Plain",
};

// The text that a scanner would send: symbology identifier (]d2) first, GS for FNC1.
const typed = ({ symbologyIdentifier, text }) => `${symbologyIdentifier}${text}`;

self.onmessage = async ({ data }) => {
  if (data.wasm) {
    const overrides = { locateFile: () => data.wasm };
    ZXingWASM.prepareZXingModule({ overrides, fireImmediately: true });
    return;
  }
  let codes = [];
  try {
    const found = await ZXingWASM.readBarcodes(data.picture, OPTIONS);
    codes = found.filter((one) => one.isValid).map(typed);
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
  self.postMessage({ codes });
};
