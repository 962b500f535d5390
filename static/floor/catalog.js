// Translations by their English text. English needs none; the page of another language imports a file
// of catalogs/, which `make messages` writes.
export const plural = (n) => Number(n !== 1);
export const catalog = {};
