// Makes a chosen picture smaller before it is sent, and sends it at once. A browser that cannot
// read the picture sends it as it is.
(() => {
  "use strict";

  const MAX_SIDE = 1024;
  const QUALITY = .85;

  async function shrink(file) {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const scale = Math.min(1, MAX_SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const paper = canvas.getContext("2d");
    paper.fillStyle = "#fff";
    paper.fillRect(0, 0, canvas.width, canvas.height);
    paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    return new File([blob], "picture.jpg", { type: "image/jpeg" });
  }

  document.addEventListener("change", async ({ target }) => {
    if (!target.matches("[data-picture]") || !target.files.length) return;
    try {
      const files = new DataTransfer();
      files.items.add(await shrink(target.files[0]));
      target.files = files.files;
    } catch {
      // The server tells why it cannot be used.
    }
    target.form.requestSubmit();
  });
})();
